"""The server: one KServe model for all families, and what stands between it and the world.

A request passes ``guard`` (size, form), ``kserve_model`` (the two protocols) and ``batching`` (the
queue); ``worker`` computes, in a process of its own; ``server`` starts and ends them all.
"""
