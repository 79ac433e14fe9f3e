"""What may differ between two ways to train: one record, so that choices can be compared by name."""

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """`enrolment`: shares of none, short, full and not calm. Ranges are drawn evenly, both ways."""

    # How many copies of each kind of line: `render.LINES`.
    copies: tuple = (("", 14),)
    steps: int = 1200
    peak_rate: float = 2e-3
    enrolment: tuple = (0.2, 0.25, 0.45, 0.1)
    shrink_steps: int = 60
    mel_warp: float = 0.08
    f0_shift_st: float = 3.0
    tempo: float = 0.15
    # Dynamics: the whole window nearer to the baseline, or farther.
    contrast: float = 0.0
    # Weight of the squared difference between the readings of the same words over two lines.
    consistency: float = 0.0
    smoothing: float = 0.1
    width: int = 96
    dropout: float = 0.3
    # Recipes of the networks whose mean this one is taught to repeat, and how much that counts beside the labels.
    teachers: tuple = ()
    soft: float = 0.7
    anger_weight: float = 1.0


FIRST = Recipe()
BOTH = (("", 14), ("wide", 16))
MORE = (0.1, 0.2, 0.6, 0.1)
WARPED = replace(FIRST, enrolment=MORE, mel_warp=0.12, f0_shift_st=5.0, tempo=0.2, contrast=0.2)
RECIPES = {
    "first": FIRST,
    "more baseline": replace(FIRST, enrolment=MORE),
    "and wider warps": WARPED,
    "and wide lines": replace(WARPED, copies=BOTH),
    "and consistency": replace(WARPED, copies=BOTH, consistency=0.1),
    "and twice as long": replace(WARPED, copies=BOTH, consistency=0.3, steps=2400),
    "student of one": replace(WARPED, copies=BOTH, steps=1600, teachers=("and wide lines",)),
    "and more consistency": replace(WARPED, copies=BOTH, consistency=0.3),
    "student of two": replace(WARPED, copies=BOTH, steps=1600, consistency=0.1, teachers=("and more consistency", "and consistency")),
}


def chosen():
    """The recipe of the released models; README.md says what it was chosen over."""
    return RECIPES["and more consistency"]


def facts(recipe):
    return asdict(recipe)
