"""Stand-ins for the four Geant4 data sets that FTFP_BERT opens, from published formulas.

They replace the tabulated cross sections only: every hadronic model above 20 MeV and all
charged-particle physics is Geant4's own code. Replacing them by the official data moved the light
by 2 to 5 per cent at most in the variations tried (see docs); neutron transport below 20 MeV,
activation and X-rays must not be trusted.
"""
