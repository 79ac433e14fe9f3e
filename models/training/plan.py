"""What is trained: two models of one architecture, which differ in their data, their licence and what they may be used for."""

from dataclasses import dataclass

from recipe import RECIPES, Recipe

EMODB = {
    "name": "EmoDB",
    "licence": "CC0-1.0",
    "cite": "Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss: A database of German emotional speech, Interspeech 2005",
}
RAVDESS = {
    "name": "RAVDESS",
    "licence": "CC BY-NC-SA 4.0",
    "cite": "Livingstone, Russo: The Ryerson Audio-Visual Database of Emotional Speech and Song, PLoS ONE 13(5), 2018",
}
NEMO = {
    "name": "nEMO",
    "licence": "CC BY-NC-SA 4.0",
    "cite": "Christop: nEMO: Dataset of Emotional Speech in Polish, LREC-COLING 2024",
}
CARDS = {"emodb": EMODB, "ravdess": RAVDESS, "nemo": NEMO}


@dataclass(frozen=True)
class Plan:
    """`tests`: corpora that are scored and never trained on. `command`: how to make the model again."""

    name: str
    corpora: tuple
    tests: tuple
    licence: str
    recipe: Recipe
    command: str
    limits: str


OPEN = Plan(
    name="affect-open",
    corpora=("emodb",),
    tests=("ravdess", "nemo", "ased"),
    licence="MIT OR Apache-2.0 (weights; training data CC0-1.0)",
    recipe=RECIPES["six teachers, anchored"],
    command="python train.py --data DIR --undertone ../../target/release/undertone --folds {folds} --seeds {seeds}",
    limits=(
        "Acted German read speech of ten speakers, clips cut to 2 s; no spontaneous call was ever trained on. "
        "Anger and arousal against the caller's own calm voice carry over to other corpora; the seven classes and distress "
        "(sadness, fear) carry over poorly. Happiness is often taken for anger. No reading of valence. The absolute level is not used. "
        "Noise in training was synthetic. Probabilities hold at EmoDB's frequencies (a quarter anger), not at those of calls. "
        "A caller who is not calm while the baseline is taken is read less well. "
        "On RAVDESS women who are not angry are taken for angry more often than men: 12.0 and 7.0 % (undertone eval utterances)."
    ),
)
RESEARCH = Plan(
    name="affect-research",
    corpora=("emodb", "ravdess", "nemo"),
    tests=("ased",),
    licence="CC BY-NC-SA 4.0: not for commercial use; share alike (training data: EmoDB CC0-1.0, RAVDESS and nEMO CC BY-NC-SA 4.0)",
    # Three times the speakers: more batches, and one network instead of teachers.
    recipe=RECIPES["and twice as long"],
    command="python train.py --model affect-research --data DIR --undertone ../../target/release/undertone --folds {folds} --seeds {seeds}",
    limits=(
        "Not for commercial use. Acted read speech of 32 speakers in German, English (two sentences) and Polish; no spontaneous call was ever "
        "trained on. The seven classes carry over poorly to other corpora. No reading of valence. The absolute level is not used. "
        "Noise in training was synthetic. Probabilities hold at the frequencies of the corpora (a sixth to a quarter anger), not at those of calls. "
        "A caller who is not calm while the baseline is taken is read less well."
    ),
)
PLANS = {plan.name: plan for plan in (OPEN, RESEARCH)}
