"""Real images and real networks: is the theory's data law visible, does MRP beat SL there?

``fetch`` brings data and weights, ``learn`` trains the small CIFAR-10 encoder, the other files
look: Eigen-CAM, parts (NMF), sufficient windows, occlusion, kernel statistics, overlap of networks.
"""
