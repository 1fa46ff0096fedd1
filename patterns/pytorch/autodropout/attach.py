"""Applies a pattern to a model."""
from .pattern import resize
from .sampler import Stream, conv_dropped, mask


def attach(model, pattern, names, shortcuts=None, seed=0):
    """Applies a pattern for ConvNets at the outputs of a model's batch
    normalisations, (N, C, H, W), while it trains. names[s][b] lists those of
    block b of stage s, shortcuts[s][b] the modules that compute its shortcut,
    which patterns with "residual" drop as well. Returns the stream: set its step
    before every step of the optimizer."""
    if pattern["kind"] != "convnet":
        raise ValueError("a pattern for sequences has no place in a ConvNet")
    stream = Stream(seed=seed)
    modules = dict(model.named_modules())
    stages = resize(pattern["stages"], [len(stage) for stage in names])
    for s, stage in enumerate(stages):
        for b, block in enumerate(stage):
            sites = names[s][b] + (shortcuts[s][b] if shortcuts and block["residual"] else [])
            for site in sites if block["size"] > 0 else []:

                def drop(module, _, y, site=site, block=block):
                    if not module.training:
                        return None
                    n, c, h, w = y.shape
                    keep, factor = mask(conv_dropped(block, (n, h, w, c), site, stream))
                    return y * (keep.permute(0, 3, 1, 2).to(y) * factor)

                modules[site].register_forward_hook(drop)
    return stream
