"""The papers with the theorems."""

GRAZZI = "Grazzi et al. 2024, https://arxiv.org/abs/2411.12537"
MERRILL = "Merrill and Sabharwal 2023, https://doi.org/10.1162/tacl_a_00562; Barrington 1989"
MINSKY = "Minsky 1967"
BUSS = (
    "Buss 1987, https://doi.org/10.1145/28395.28409; Merrill and Sabharwal 2023, https://doi.org/10.1162/tacl_a_00562"
)
NERODE = "Myhill 1957; Nerode 1958"
