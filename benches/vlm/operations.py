"""Multiply-adds of scoring one query's candidates: prompt by prompt, and with the shared prefix run once.

Both are counts of what has to be computed: attention is causal, padding costs nothing, and what lies below one per cent
(norms, rotations, activations) is left out. What a program does on top is its own affair and shows in the times.
"""

PATCH = 3 * 2 * 14 * 14


def vision(config, patches):
    """One photo of `patches` patches through the vision tower."""
    tower = config["vision_config"]
    width, merged = tower["embed_dim"], 4 * tower["embed_dim"]
    inner = tower["mlp_ratio"] * width
    block = patches * (4 * width * width + 2 * width * inner) + 2 * width * patches * patches
    return patches * PATCH * width + tower["depth"] * block + patches // 4 * (merged * merged + merged * config["hidden_size"])


class Layer:
    """One layer of the language model, LoRA of the given rank on queries, keys and values."""

    def __init__(self, config, rank=16):
        hidden = config["hidden_size"]
        kv = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
        self.hidden = hidden
        self.keys_values = 2 * (hidden * kv + rank * (hidden + kv))
        self.rest = 2 * hidden * hidden + 2 * rank * hidden + 3 * hidden * config["intermediate_size"]

    def run(self, tokens, before=0):
        """`tokens` of a prompt of which `before` tokens have been run."""
        context = tokens * before + tokens * (tokens + 1) // 2
        return tokens * (self.keys_values + self.rest) + 2 * self.hidden * context

    def last(self, tokens, before=0):
        """The same where only the last token's output is wanted."""
        return tokens * self.keys_values + self.rest + 2 * self.hidden * (tokens + before)


def prompt_by_prompt(config, patches, tokens, lm_head):
    """`patches` of every photo of every prompt (the query's each time); `tokens` of every prompt."""
    layer, layers = Layer(config), config["num_hidden_layers"]
    total = sum(vision(config, photo) for photo in patches) + sum(layers * layer.run(length) for length in tokens)
    return total + (sum(tokens) * config["hidden_size"] * config["vocab_size"] if lm_head else 0)


def shared_prefix(config, patches, prefix, suffixes):
    """`patches` of every distinct photo, `prefix` tokens run once, then each candidate's own tokens."""
    layer, layers = Layer(config), config["num_hidden_layers"]
    total = sum(vision(config, photo) for photo in patches)
    total += (layers - 1) * layer.run(prefix) + prefix * layer.keys_values
    return total + sum((layers - 1) * layer.run(length, prefix) + layer.last(length, prefix) for length in suffixes)


def with_depth(config, layers, blocks):
    """The same network with other depths."""
    return config | {"num_hidden_layers": layers, "vision_config": config["vision_config"] | {"depth": blocks}}
