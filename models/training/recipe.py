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
    # Of the pairs of lines, the share that are clean ones: 16 kHz, 8 kHz and mu-law (`render.LINES["bands"]`, the last copies).
    anchored: float = 0.0
    # Recipes of the networks whose mean this one is taught to repeat, each with these seeds; how much that counts beside the labels.
    teachers: tuple = ()
    teacher_seeds: tuple = (0,)
    soft: float = 0.8
    smoothing: float = 0.1
    width: int = 96
    dropout: float = 0.3


FIRST = Recipe()
BOTH = (("", 14), ("wide", 16))
WARPED = replace(FIRST, enrolment=(0.1, 0.2, 0.6, 0.1), mel_warp=0.12, f0_shift_st=5.0, tempo=0.2, contrast=0.2)
# Two recipes of teachers with three seeds each; all lines, so that teachers and students have one population.
SIX = replace(
    WARPED,
    copies=BOTH + (("bands", 3),),
    steps=1600,
    teachers=("and wider warps", "and more consistency"),
    teacher_seeds=(0, 1, 2),
)
RECIPES = {
    "first": FIRST,
    "and wider warps": WARPED,
    "and wide lines": replace(WARPED, copies=BOTH),
    "and consistency": replace(WARPED, copies=BOTH, consistency=0.1),
    "and more consistency": replace(WARPED, copies=BOTH, consistency=0.3),
    "student": replace(WARPED, copies=BOTH, steps=1600, teachers=("and wider warps", "and more consistency")),
    "six teachers": SIX,
    "six teachers, anchored": replace(SIX, consistency=0.3, anchored=0.4),
    "six teachers, anchored more": replace(SIX, consistency=1.0, anchored=0.5),
    "and twice as long": replace(WARPED, copies=BOTH, consistency=0.3, steps=2400),
}


def facts(recipe):
    return asdict(recipe)
