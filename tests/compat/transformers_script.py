"""A tiny training with transformers' Trainer and its own WandbCallback; for `runwake run`."""

# mypy: ignore-errors
# (torch and transformers are in the environment of the compatibility tests alone)

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments


class Sentences(torch.utils.data.Dataset):
    """Random tokens; the label is whether the first one is large."""

    def __init__(self) -> None:
        tokens = torch.randint(0, 50, (48, 8), generator=torch.Generator().manual_seed(1))
        self.items = [
            {"input_ids": row, "labels": torch.tensor(int(row[0] > 25))} for row in tokens
        ]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int):
        return self.items[index]


def main() -> None:
    torch.manual_seed(1)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=50,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            num_labels=2,
        )
    )
    arguments = TrainingArguments(
        output_dir="out",
        run_name="tiny-bert",
        report_to=["wandb"],
        num_train_epochs=2,
        per_device_train_batch_size=8,
        logging_steps=2,
        eval_strategy="epoch",
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    )
    data = Sentences()
    Trainer(model=model, args=arguments, train_dataset=data, eval_dataset=data).train()


main()
