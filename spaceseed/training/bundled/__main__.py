"""Makes all bundled weights, from rendered faces to the figures of the model cards. This takes hours on a CPU.

Run it as `python -m spaceseed.training.bundled`. Every step can also be run alone, see its own `--help`.
"""

from spaceseed.training.bundled import classifier, directions, encoder, figures, generator, judge, segmenter, units

if __name__ == "__main__":
    for step in (classifier, segmenter, judge, generator, encoder, directions, units, figures):
        print(f"--- {step.__name__}", flush=True)
        step.main()
