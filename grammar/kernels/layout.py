"""Where everything lies in the flat arrays that the kernels and the interpreter share.

A matcher owns one int64 array of *slots*: addresses of the tables, limits, and its own registers. A *configuration* is
eight int32: what the automaton is in the middle of, and the frame of the innermost open container. Frames lie in the
matcher's arena and are never changed once written, so going back is restoring eight integers.
"""

from __future__ import annotations

from itertools import count

from ..dfa import DEAD as DEAD

# --- slots: the token tables of a vocabulary
_slot = count()
TOKEN_OFFSETS, TOKEN_BYTES, TOKEN_SAME = (next(_slot) for _ in range(3))  # bytes of every token; next one with the same
# four tries, depth first, five arrays each: byte and depth of every node (uint8, uint16), the token or group of tokens
# that ends there or NONE, the end of the node's subtree, and the root for each first byte (int32)
TRIE, _, _, _, _ = (next(_slot) for _ in range(5))  # all tokens
BARE, _, _, _, _ = (next(_slot) for _ in range(5))  # tokens without their leading blanks, in groups
TRIE_NODES = next(_slot)
TRIE_SECOND = next(_slot)  # of TRIE: the node for each first two bytes, or NONE (int32)
BARE_OFFSETS, BARE_TOKENS, BARE_BLANKS, BARE_COLUMNS = (next(_slot) for _ in range(4))  # tokens of each group
VOCABULARY_SIZE, MASK_WORDS, END_TOKENS, END_COUNT = (next(_slot) for _ in range(4))
# --- slots: the style of values of JSON, how blanks and escapes are written; those that depend on it follow each other
STYLE_FIRST = TAIL = next(_slot)
_, _, _, _ = (next(_slot) for _ in range(4))  # TAIL: what follows a closing quote in a token, in groups
CROSS, _, _, _, _ = (next(_slot) for _ in range(5))  # tokens with a closing quote in them
TAIL_NODES = next(_slot)
TAIL_OFFSETS, TAIL_TOKENS, TAIL_PREFIX = (next(_slot) for _ in range(3))  # tokens of each tail, code points before it
STAY, STAY_WITHIN, LONGEST = next(_slot), next(_slot), next(_slot)  # masks of tokens that stay inside a free string
STRING_NEXT = next(_slot)
WHITESPACE, BLANK_NEXT = next(_slot), next(_slot)
STYLE_END = BLANK_NEXT + 1
# where there are several styles (else 0), rows of what stands in these slots; the one in force; 1 if a value of another
# style has begun in this step
STYLES, STYLE, FOREIGN = (next(_slot) for _ in range(3))
# --- slots: constant tables, and the kernels that are called through their addresses
WALK, STEP, RARER_STEP, FINISHED = (next(_slot) for _ in range(4))
NUMBER_SYMBOL = next(_slot)
ADMITS = next(_slot)  # (mode, byte) that are not refused at once
# --- slots: the automaton of a constraint
NODES, STATES, ENTRIES, ITEM_NODES, ORDER, DEAD_KEYS = (next(_slot) for _ in range(6))
KEYS, KEY_BYTES = next(_slot), next(_slot)
NUMBER_NEXT, NUMBER_LABEL, NUMBER_RESIDUES = (next(_slot) for _ in range(3))
TEXTS, TEXT_NEXT, TEXT_LABEL, TEXT_ASCII, TEXT_START, TEXT_CLASS, TEXT_VIABLE, TEXT_LEFT, TEXT_OPEN = (
    next(_slot) for _ in range(9)
)
TABLES_END = TEXT_OPEN + 1
# stay masks of text states: the header of their cache, how many it holds at most, and the key of one that is wanted
STAY_CACHE, STAY_MOST, STAY_WANTED = (next(_slot) for _ in range(3))
EPOCH = next(_slot)
# --- slots: a grammar's scanner (``cfg.scanner``) and parser (``cfg.tables``)
# kernels, called through their addresses
GRAMMAR_STEP, GRAMMAR_ACCEPTS, GRAMMAR_FILL, GRAMMAR_RESTART = (next(_slot) for _ in range(4))
(
    SCAN_CLASS,
    SCAN_NEXT,
    SCAN_COLUMNS,
    SCAN_DECIDED,
    SCAN_DECIDED_AT_END,
    SCAN_WHERE,
    SCAN_ENDINGS,
    SCAN_REACH,
    REACHES,
) = (next(_slot) for _ in range(9))
GUARD_NEXT, GUARD_VERDICT, GUARD_AT_END = (next(_slot) for _ in range(3))
ACTION, CHOICES, GOTO_AT, GOTO, RULES, SURE = (next(_slot) for _ in range(6))
CONTEXT_OF, CONTEXTS, CONTEXT_EMBEDDED, TERMINALS = (next(_slot) for _ in range(4))
SYMBOLS, NONTERMINALS = next(_slot), next(_slot)  # SYMBOLS: columns of ACTION; the last is the text's end
LONGEST_MATCH, ACCEPTS_EMPTY = next(_slot), next(_slot)
NEWLINE_TERMINAL, INDENT_TERMINAL, DEDENT_TERMINAL, TAB_WIDTH = (next(_slot) for _ in range(4))
# for each state of the scanner, which columns a line can still have; 0 where every line can still have any
LINE_FACTS = next(_slot)
WORKSPACE, WORKSPACE_SIZE = next(_slot), next(_slot)  # one matcher's own: what a step of the grammar writes down
# what tokens do in states of the scanner and from contexts on: addresses of records, 0 where none is made yet
STATE_TOKENS, CONTEXT_TOKENS, FOLLOWERS, PLACES, PLACE_OF, PLACE_COUNT, INEVITABLE = (next(_slot) for _ in range(7))
READABLE = next(_slot)  # what the parser can read, by terminal: uint8, UNKNOWN where that was not asked yet
# masks that are kept: how many nodes of the stack were looked at in states of the scanner (KEY_DEPTHS entries, by a
# hash), what a mask depends on (int32, its length first), how low in the stack nodes were looked at, and where the
# mask is that is to be kept
DEPTHS, MASK_KEY, LOWEST, FILLED = (next(_slot) for _ in range(4))
# classes of bytes (``cfg.scanner.BYTE_CLASSES``) and ``characters.CHARACTERS``, as bits: those in the tokens below each
# node of the trie, and those of which all lead from a state of the scanner to itself
CONTENTS, LOOPS = next(_slot), next(_slot)
STEPS, MOST_STEPS = next(_slot), next(_slot)  # how many bytes the grammar read in this mask, and may read
ONLY_ENDINGS = next(_slot)  # 1 + the depth at which only threads whose terminal ends count, or 0
# within a step: the arena's top; 1 once it, or the workspace, was too small; how many threads there are; new lines
ALLOCATED, SHORT, THREADS, LINES = (next(_slot) for _ in range(4))
KEEPS_TEXT = next(_slot)  # 1 if the automaton needs the text that was read, because of unique items
RESIDUE_READ = next(_slot)  # what number_successor leaves beside the state
ANY_LENGTH = next(_slot)  # 1 while a stay mask is walked for which limits of length are looked at apart
ONLY_CLASS = next(_slot)  # for stay masks of open keys: the one class considered
MARKED, _, _, _ = (next(_slot) for _ in range(4))  # for masks of open keys: a set of bytes
# --- slots: one matcher's own
ARENA, ARENA_SIZE, STACK, HISTORY, HISTORY_SIZE, LENGTH, MISSES, MISS_COUNT, TERMINATED, MARGIN = (
    next(_slot) for _ in range(10)
)
TEXT_READ, TEXT_SIZE, OFFSETS = (next(_slot) for _ in range(3))  # the text so far, and where each token ends in it
# for AFTER_ITEMS, rows of a node, where the items before it begin and end in KNOWN_TEXT, and the node instead; and the
# text of the items for which one is wanted
KNOWN, KNOWN_COUNT, KNOWN_TEXT = (next(_slot) for _ in range(3))
WANTED_NODE, WANTED_TEXT, WANTED_SIZE = (next(_slot) for _ in range(3))
SLOTS = next(_slot)

# --- a configuration
MODE, FRAME, A, B, C, S, E, TOP = range(8)
CONFIGURATION = 8

# --- modes, and what A, B, C, S, E mean in them (S and E of blanks: BlankState and columns of indentation)
VALUE = 1  # A: value node, B: Position; blanks
AFTER = 2  # a value is complete in FRAME; blanks
FIRST_KEY = 3  # after "{"; blanks
NEXT_KEY = 4  # after "," in an object; blanks
COLON = 5  # A: node of the value to come; blanks
FIRST_ITEM = 6  # after "["; blanks
NUMBER = (
    7  # A: state of the number automaton, B: 1 if its label is an outcome, C: residue of the digits, E: its higher bits
)
LITERAL = 8  # A: key index of the literal, B: outcome, C: bytes read
STRING = 9  # A: value node, C: code points read; S: string state, E: partial code point
TEXT = 10  # A: value node, B: automaton state, C: code points read; S, E as in STRING
CHOICE = 11  # A, B: range of the values still possible, C: bytes matched; S, E as in STRING; KEY_RANK: its outcome
KEY = 12  # A, B, C as in CHOICE, over the keys of FRAME; S, E as in STRING
OPEN_KEY = 13  # like KEY, but other keys are possible too; A < 0: only these. C: bytes of the key so far
GRAMMAR = 14  # A: state of the scanner, B: frontier of the parser, C: blockers, S: lines, E: columns or NONE
SEVERAL = 15  # A: where a list of threads lies in the arena
ENDED = 16  # the value in FRAME, which is EMBEDDED, is complete
EMBEDDED_NUMBER = 17  # like NUMBER
MODES = 18

# --- frames in the arena
# NEXT: required keys left, or the next rank; OTHERS: the last of the keys seen that are not named, as a linked list
PARENT, KIND, NODE, STATE, COUNT, DEPTH, NEXT, OTHERS, SEEN = range(9)
ROOT, OBJECT, ARRAY, EMBEDDED = range(4)
# EMBEDDED: a value inside a text of a grammar; NODE: its terminal, COUNT: frontier, NEXT: lines, OTHERS: blockers
# in arrays of unique items, NEXT: where the item in hand begins, and OTHERS: the last of those before, as a linked list
ITEM_BEFORE, ITEM_FROM, ITEM_TO, ITEM_SIZE = range(4)
# keys that are not named, in the arena: their predecessor in the list, how many bytes, their class, the state of the
# key automaton before the bytes, and these, each with the state after it (state << KEY_STATE_SHIFT | byte)
KEY_BEFORE, KEY_SIZE, KEY_CLASS, KEY_START, KEY_CONTENT = range(5)
KEY_STATE_SHIFT = 8

# --- grammars
# A *frontier* is a node of the parser's stack, or, negative, where a list of them lies (their number, then they).
# A node: state, the node below or NONE, where more such edges lie or 0, how many are below; an edge: node below, more.
GSS_STATE, GSS_BELOW, GSS_MORE, GSS_HEIGHT, GSS_WIDTH = range(5)
EDGE_BELOW, EDGE_MORE, EDGE_WIDTH = range(3)
GSS_BOTTOM = SEEN  # where the first node lies, behind the root frame
# *Blockers* are a linked list of what must not come about: states of the scanner, or ~states of guards, and the next
BLOCKER_STATE, BLOCKER_NEXT, BLOCKER_WIDTH = range(3)
# *Lines*: how deep in parentheses, the columns of the block in hand, and the lines of the block around it; 0 at first
LINES_OPEN, LINES_COLUMNS, LINES_OUTER, LINES_WIDTH = range(4)
# facts about lines, as bits: how many columns may be added to those there are, and how many there may be behind another
# line feed; the last bit stands for so many and more
LINE_FURTHER, LINE_ANEW, LINE_WIDTH = range(3)
LAST_COLUMN = 62
KEY_DEPTHS, LONGEST_KEY = 1 << 10, 1 << 10
# a thread in a list: a configuration; its TOP counts in OPEN_KEY only, whose bytes end there
THREAD = 8
# ACTION: 0, state + 1 to shift to, -(rule + 1) to reduce, or MANY + where the number of actions and they lie
MANY = 1 << 24
RULE_ORIGIN, RULE_LENGTH, RULE_WIDTH = range(3)
CONTEXT_READY, CONTEXT_START, CONTEXT_EMBEDDED_AT, CONTEXT_EMBEDDED_COUNT, CONTEXT_WIDTH = range(5)
ENDING_PREFERRED, ENDING_GUARD, ENDING_TERMINAL, ENDING_WIDTH = range(4)
TERMINAL_KIND, TERMINAL_NODE, TERMINAL_STYLE, TERMINAL_WIDTH = range(4)
ORDINARY, IGNORED, OPENER, CLOSER = range(4)
# what tokens do from a state of the scanner, or the beginning of a context, on: groups of tokens that stay inside one
# terminal, each with what that may become; segments of the trie of all tokens, to be walked
TOKENS_GROUPS_AT, TOKENS_GROUPS, TOKENS_SEGMENTS_AT, TOKENS_SEGMENTS, TOKENS_RESTARTS_AT, TOKENS_AT_ROOT = range(6)
# AT_ROOT: how many of the restarts are at the root
GROUP_REACH, GROUP_TOKENS_AT, GROUP_SIZE, GROUP_WIDTH = range(4)  # SIZE: NONE for a mask, or how long the list is
# a segment is a node on the way to others (SKIP: the first segment not below it), or nodes before whose first byte a
# terminal ends (ENDS), or it stands for all that simply ends behind the node before (RESTARTS; TO: which restart)
SEGMENT_FROM, SEGMENT_TO, SEGMENT_SKIP, SEGMENT_WIDTH = range(4)
ENDS, RESTARTS = -1, -2
# where a terminal simply ends, at a node of the trie from which there is much to go on, so that there are records for
# it (PLACE: which one; 0 for the root): which ending, the bytes before which it does, the mask of the tokens that go
# on so; MORE: 1 if the next row belongs to the same segment
RESTART_PLACE, RESTART_ENDING, RESTART_BYTES, RESTART_TOKENS, RESTART_MORE, RESTART_WIDTH = range(6)
CAN_READ, CANNOT_READ, MAY_READ, UNKNOWN = 1, 2, 3, 0  # MAY_READ: each token has to be looked at
GUARD_PENDING, GUARD_SATISFIED, GUARD_VIOLATED = range(3)

# --- value nodes
NODE_SHIFT = 6
NODE_WIDTH = 1 << NODE_SHIFT
(
    READY,  # epoch in which the record was written; 0 while it is not
    KINDS,
    JOINT,  # 1 if the value's outcome sets the state of the container around it
    MIN_LENGTH,
    MAX_LENGTH,
    TEXT_ID,
    CHOICE_LO,
    CHOICE_HI,
    NUMBER_START,
    NULL_OUTCOME,
    TRUE_OUTCOME,
    FALSE_OUTCOME,
    KEY_LO,
    KEY_HI,
    OTHER,  # node of the values of other keys, or NONE; with a key automaton, of the keys of the first class
    WORDS,  # words of the bitset of keys seen
    REQUIRED,
    POLICY,
    ORDER_AT,
    RANKS_AT,  # where the ranks by blocks of ordered keys lie among the item nodes
    DEAD_AT,  # where the bitset of keys that may never come lies, or NONE
    OBJECT_STATE,
    PREFIX_AT,
    PREFIX,
    ITEM,
    MIN_ITEMS,
    MAX_ITEMS,
    ARRAY_STATE,
    KEY_TEXT,  # automaton of the keys that are not named, or NONE where all are of one class
    CLASSES,  # how many classes it tells apart
    CLASS_AT,  # where the nodes of the classes lie among the item nodes
    MIN_KEYS,
    MAX_KEYS,
    UNIQUE,  # 1 if it matters whether items are different from each other
    AFTER_ITEMS,  # whether, and when, another node stands in for this one, which depends on the items before
    BEFORE_AT,  # SETTLED_NODE: among the item nodes, what the keys' indices (ranks, where keys are ordered) were before
    NODE_STYLE,  # how blanks and escapes of the value are written
) = range(37)
NONE = -1
NOTHING = -2  # KNOWN_INSTEAD where no value is left
INDEPENDENT, AS_IT_BEGINS, BEFORE_IT_BEGINS = range(3)  # AFTER_ITEMS
UNBOUNDED = 1 << 30
MAY_END = 1 << 10  # added to how many bytes may come next

# bits of KINDS
IS_NULL, IS_TRUE, IS_FALSE, IS_NUMBER, IS_STRING, IS_TEXT, IS_CHOICE, IS_OBJECT, IS_ARRAY = (1 << i for i in range(9))

# KEYS rows: where its bytes begin and how many there are, the node of its value, its rank, and whether it is required
KEY_OFFSET, KEY_LENGTH, KEY_NODE, KEY_RANK, KEY_REQUIRED, KEY_WIDTH = range(6)
# ORDER rows, one for each rank that may be next: the first required rank from there on (the number of keys where there
# is none), how many live and required keys there are from there on, and which key has the rank
ORDER_FIRST, ORDER_LIVE_COUNT, ORDER_REQUIRED_COUNT, ORDER_KEY, ORDER_WIDTH = range(5)
# for so many keys, as they are sorted, the least and greatest rank of a live one; UNBOUNDED and NONE if there is none
RANK_BLOCK_SHIFT = 6
RANK_BLOCK = 1 << RANK_BLOCK_SHIFT

# POLICY of an object: are keys ordered, are they judged by a state
ANY_ORDER, ORDERED, STATE_ANY_ORDER, STATE_ORDERED = range(4)

# --- states of containers whose schema is not a plain conjunction
STATE_SHIFT = 4
STATE_WIDTH = 1 << STATE_SHIFT
# ENTRIES_AT: where the entries of the object's keys lie, and of its classes of other keys (at least one)
# NEVER_AT: where, among the dead keys, the bitset of keys that may not come lies
# SETTLED_NODE: the node with which the object goes on as a plain one from the next comma, or NONE, and SETTLED_CLOSE
# instead of CLOSE then
# REPEATED: the state instead if the item that led here is equal to an earlier one, PLAIN if it must not be
(
    STATE_READY,
    CLOSE,
    ENTRIES_AT,
    NEVER_AT,
    SETTLED_NODE,
    SETTLED_CLOSE,
    ITEM_NODE,
    ITEM_STATE,
    REPEATED,
) = range(9)
# entries: the epoch in which one was written, 0 where it is not though the key may come; the node of the value or NONE,
# and the state of the object while that is written
ENTRY_READY, ENTRY_NODE, ENTRY_STATE, ENTRY_WIDTH = range(4)
PLAIN = 0  # the state of containers that need none
MAY_NOT_CLOSE = 0  # CLOSE: 0, KEEP, or the state that the container around gets
KEEP = -1

# --- number automata: rows of NUMBER_NEXT
NUMBER_SHIFT = 4
# the last column: where the record of the state's residues lies, or 0, shifted; SETTLED if only digits that do not
# change the value may follow
NUMBER_FACTS, SETTLED, RECORD_SHIFT = 15, 1, 1
ZERO_SYMBOL, LAST_DIGIT_SYMBOL, POINT_SYMBOL = 1, 10, 13
RESIDUE_SHIFT = 31  # bits of a residue in C
# the residues: a header for each automaton that has any, with its divisors at the end of it; a record for each state;
# the checks (``residues.Check``), any of which makes a state live; rows that say what is accepted, by mask of divisors
RESIDUE_MODULUS, RESIDUE_OUTCOMES_AT, RESIDUE_DIVISORS, RESIDUE_DIVISOR = range(4)
RESIDUE_HEADER, RESIDUE_CHECKS, RESIDUE_CHECKS_AT = range(3)  # CHECKS: how many, NONE where the state is always live
RESIDUE_WIDTH = 3
(
    CHECK_POWER,
    CHECK_START,
    CHECK_STEP,
    CHECK_FACTOR,
    CHECK_SHIFT,
    CHECK_PERIOD,
    CHECK_LAST,
    CHECK_TRIES,
    CHECK_ACCEPTED,
) = range(9)
CHECK_WIDTH = 9

# --- records of text automata
TEXT_SHIFT = 4
TEXT_WIDTH = 1 << TEXT_SHIFT
(
    TEXT_CLASSES,
    TEXT_BASE,
    TEXT_LABEL_AT,
    TEXT_FIRST,
    TEXT_ASCII_AT,
    TEXT_INTERVALS_AT,
    TEXT_INTERVALS,
    TEXT_VIABLE_AT,
    TEXT_COLUMNS,  # 0: no limits of length
    TEXT_FREE_FROM,  # while this many and fewer than TEXT_FREE_TO code points are read, length forbids nothing, and the
    # table of viable states has no columns
    TEXT_FREE_TO,
    TEXT_LEFT_AT,  # key automata: how many keys of each class are still possible from each state
    TEXT_KEY_CLASSES,  # key automata: how many classes
    TEXT_SCARCE_AT,  # key automata: how far each state is from one in which few keys of a class are left; 0: none is
    TEXT_OPEN_AT,  # for each state (key automata: and class) whether all that may follow keeps acceptance possible
) = range(15)
TEXT_DEAD = DEAD
FEW_KEYS = 1 << 12  # fewer keys than this are few; objects with as many other keys are taken to have used them up

# --- JSON strings: states of the transducer from bytes to code points
(
    INSIDE,
    ESCAPE,
    HEX1,
    HEX2,
    HEX3,
    HEX4,
    HEX2_D,  # after "\uD" or "\ud"
    HIGH3,
    HIGH4,
    LOW_BACKSLASH,
    LOW_U,
    LOW1,
    LOW2,
    LOW3,
    LOW4,
    MINIMAL_ESCAPE,  # where only required escapes are allowed: after the backslash
    MINIMAL_HEX1,  # so forth: after "\u"
    MINIMAL_HEX2,
    MINIMAL_HEX3,
    MINIMAL_HEX4,  # after "\u000"
    UTF8_1,  # one continuation byte to come
    UTF8_2,
    UTF8_3,
    UTF8_E0,
    UTF8_ED,
    UTF8_F0,
    UTF8_F4,
) = range(27)
STRING_CLOSE = 30
STRING_REJECT = 31
# no states, but further ranges of what a partial code point can become
BEYOND_BMP, QUOTE, BACKSLASH, VERTICAL_TAB, FROM_SHIFT_OUT, TWO_SHIFTS = range(32, 38)
ANY_ESCAPES, MINIMAL_ESCAPES = range(2)

# --- whitespace
COMPACT, FORMATTED, ANY_BLANKS, BLANKS_BY_PATTERN = range(4)
FRESH, ONE_SPACE, INDENTED = range(3)  # BlankState, in slot S of structural modes
# BLANKS_BY_PATTERN: S is a state of an automaton that begins in FRESH; its row holds the next state for each blank, or
# NONE, and at BLANKS_MAY_END whether the run of blanks may end
BLANK_SHIFT = 6
BLANKS_MAY_END = 0
AT_ROOT, AFTER_COLON, AFTER_COMMA = range(3)  # Position of a value
NO_BLANKS, BLANKS, NEWLINE, OTHER_BLANKS = range(4)  # what a token begins with, BARE_BLANKS
TAB_COLUMNS = 8
COLUMNS_PER_LEVEL = 8

# --- what entry points return
DONE, MISSED, ARENA_FULL, REFUSED, BAD_MASK = range(5)
MISS_CAPACITY = 64
(
    MISS_NODE,
    MISS_STATE,
    MISS_STAY,
    MISS_AFTER,
    MISS_CONTEXT,
    MISS_STATE_TOKENS,
    MISS_CONTEXT_TOKENS,
    MISS_MASK,
    MISS_ENTRY,
) = range(9)
MISS_BITS = 4
KNOWN_NODE, KNOWN_FROM, KNOWN_TO, KNOWN_INSTEAD = range(4)
KNOWN_WIDTH = 4
# a stay mask's key: (text << STATE_BITS | state) << COUNT_BITS | code points read + 2, or ANY_COUNT where the mask is
# walked as if there were no limits of length
STATE_BITS, COUNT_BITS, ANY_COUNT = 18, 24, 1
# the cache of stay masks: the address of its table (capacity, then keys, addresses of masks and times of last use), the
# time (in masks added), and how many kernels are reading
STAY_TABLE, STAY_CLOCK, STAY_READERS, STAY_HEADER = range(4)
