"""One folder for each objective: `gradient` (torch), `theory` and `options`, which need no torch.

A folder is found through the entry point group ``mrpverify.objectives``, as objectives from outside
are, by the entry ``name = "folder.gradient:OBJECTIVE"`` (`mrpverify.outside`).
"""
