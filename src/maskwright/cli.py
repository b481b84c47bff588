"""The command ``maskwright``: write documents of a schema, check one, explain what may come next, run the benchmark.

Documents and answers go to stdout, everything else to stderr. Exit codes: 0 fine, 1 a document that is not valid or was
cut off (or nobody reads stdout), 2 wrong input (one line on stderr; of a grammar, the line that is wrong, too), 130
interrupted. What a subcommand needs is imported when it runs, and after its options were judged.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, Any, Optional

import typer

from .cli_bench import app as bench
from .cli_options import check_files, check_options

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_ClickException: Any = typer.BadParameter.__mro__[2]
"""The base of what typer raises for wrong arguments, from click or from the copy of it that typer may bring along."""

_OF_SCHEMA = "The JSON schema, or a grammar (.lark, .gbnf, .ebnf), a file."
_OF_LENGTH = (
    "Masks steer so that each document is complete within T tokens. Without it, a document that is not complete after "
    "512, or where the model's context ends, is cut off and not shown, and the exit code is 1."
)
Schema = Annotated[str, typer.Option("--schema", metavar="FILE", help=_OF_SCHEMA)]
Kind = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it when it runs
    typer.Option("--grammar", metavar="KIND", help='What the file holds: "lark", "gbnf", "ebnf" or "regex".'),
]
Model = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it when it runs
    typer.Option("--model", metavar="MODEL", help="A folder or hub id; without it, the bundled tiny model."),
]
Tokenizer = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--tokenizer", metavar="TOKENIZER", help="A folder or hub id; without it, the model's own."),
]
Order = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--property-order", metavar="ORDER", help='Of properties: "schema" or "any".'),
]
Whitespace = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--whitespace",
        metavar="KIND",
        help='Between tokens of JSON: "formatted", "compact", "any", or "regex:" and a pattern.',
    ),
]
Formats = Annotated[str, typer.Option("--formats", metavar="KIND", help='What format does: "assert" or "annotate".')]
Escapes = Annotated[
    str, typer.Option("--escapes", metavar="KIND", help='In strings: "any", or "minimal" for those that JSON requires.')
]
Dialect = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--dialect", metavar="DRAFT", help='Of schemas without $schema: "draft4" to "2020-12".'),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(f"maskwright {__version__}")
        raise typer.Exit


@app.callback()
def maskwright(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="And exit.")
    ] = False,
) -> None:
    """JSON that obeys a schema, from language models."""


@app.command()
def generate(
    schema: Annotated[Optional[str], typer.Option("--schema", metavar="FILE", help=_OF_SCHEMA)] = None,  # noqa: UP045
    grammar: Kind = None,
    regex: Annotated[Optional[str], typer.Option("--regex", metavar="PATTERN", help="In place of a file.")] = None,  # noqa: UP045
    choice: Annotated[
        list[str], typer.Option("--choice", metavar="TEXT", help="One of these, in place of a file.")
    ] = [],  # noqa: B006 - typer copies it
    model: Model = None,
    prompt: Annotated[str, typer.Option("--prompt", metavar="TEXT", help="What to write.")] = "Answer in JSON.",
    count: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many documents.")] = 1,
    seed: Annotated[Optional[int], typer.Option("--seed", metavar="S", min=0, help="Of the random numbers.")] = None,  # noqa: UP045
    max_new_tokens: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--max-new-tokens", metavar="T", min=1, help=_OF_LENGTH),
    ] = None,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, help="0 is greedy.")] = 1.0,
    property_order: Order = "schema",
    whitespace: Whitespace = "formatted",
    formats: Formats = "assert",
    escapes: Escapes = "minimal",
    dialect: Dialect = None,
) -> None:
    """Write documents: one as the model wrote it, or several, one on each line (texts of grammars as JSON strings).

    The exit code is 1 if a document was cut off, 2 for wrong input.
    """
    if bool(regex is not None or choice) == (schema is not None):
        raise typer.BadParameter("give one of --schema, --regex and --choice")
    check_options(property_order, whitespace, formats, escapes, dialect)
    check_files(grammar, schema)
    from .cli_input import given_text, read_grammar, read_schema

    given: Any = given_text(regex, choice)
    if schema is not None:
        given = read_grammar(schema, grammar)
        given = given or read_schema(schema, property_order, whitespace, formats, escapes, dialect)
    from .cli_generate import Sampling, write_documents

    sampling = Sampling(count, seed, max_new_tokens, temperature)
    raise typer.Exit(write_documents(schema or "the command line", given, model, prompt, sampling))


@app.command()
def check(
    schema: Schema,
    grammar: Kind = None,
    document: Annotated[Optional[str], typer.Argument(help="A file, or - for stdin.")] = None,  # noqa: UP045
    property_order: Order = "any",
    whitespace: Whitespace = "any",
    formats: Formats = "assert",
    escapes: Escapes = "any",
    dialect: Dialect = None,
) -> None:
    """Say whether the schema or grammar can be enforced, and where a document first leaves it.

    The exit code is 1 if the document is not valid, 2 for wrong input.
    """
    check_options(property_order, whitespace, formats, escapes, dialect)
    check_files(grammar, schema, document)
    from .cli_check import check_document
    from .cli_input import read_grammar, read_schema

    given: Any = read_grammar(schema, grammar)
    given = given or read_schema(schema, property_order, whitespace, formats, escapes, dialect)
    raise typer.Exit(check_document(schema, given, document))


@app.command()
def explain(
    schema: Schema,
    grammar: Kind = None,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="The document so far.")] = "",
    model: Model = None,
    tokenizer: Tokenizer = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many tokens to show.")] = 20,
    property_order: Order = "schema",
    whitespace: Whitespace = "formatted",
    formats: Formats = "assert",
    escapes: Escapes = "any",
    dialect: Dialect = None,
) -> None:
    """Say which tokens may follow a beginning of a document, and why.

    The exit code is 1 if the text is no such beginning, 2 for wrong input.
    """
    check_options(property_order, whitespace, formats, escapes, dialect)
    check_files(grammar, schema)
    from .cli_input import read_grammar, read_schema

    given: Any = read_grammar(schema, grammar)
    given = given or read_schema(schema, property_order, whitespace, formats, escapes, dialect)
    from .cli_explain import explain_prefix

    raise typer.Exit(explain_prefix(schema, given, prefix, tokenizer or model, limit))


@app.command()
def warm() -> None:
    """Compile all kernels for this machine before they are needed, as when the image of a container is built.

    The exit code is 1 if there is no folder to keep them in.
    """
    from .grammar.kernels.compilation import compile_all
    from .grammar.kernels.disk_cache import cache_folder

    count, folder = compile_all(), cache_folder()
    if folder is None:
        sys.stderr.write("maskwright: no folder can be written; set NUMBA_CACHE_DIR to one that can\n")
        raise typer.Exit(1)
    typer.echo(f"{count} kernels are ready in {folder}")


app.add_typer(bench, name="bench")


def run(arguments: list[str]) -> int:
    """The exit code of the command with these arguments; wrong input is said in one line on stderr."""
    from .grammar.errors import InvalidGrammar, MaskwrightError

    command = typer.main.get_command(app)
    try:
        outcome = command.main(args=arguments or ["--help"], prog_name="maskwright", standalone_mode=False)
        sys.stdout.flush()
    except _ClickException as error:
        return _fail(error.format_message())
    except InvalidGrammar as error:
        sys.stderr.write(f"maskwright: {error}\n")  # with the line that is wrong, and a caret below it
        return 2
    except MaskwrightError as error:
        return _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it ends
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return 130
    return outcome if isinstance(outcome, int) else 0


def main() -> None:
    """The console entry."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def _fail(message: str) -> int:
    sys.stderr.write(f"maskwright: {' '.join(message.split())}\n")
    return 2
