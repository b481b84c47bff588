"""The benchmark: data sets of schemas and documents, run against maskwright through its public face."""
