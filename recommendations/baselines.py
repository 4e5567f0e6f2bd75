"""The methods the engine is measured beside: plain co-occurrence, cosine and BM25 over the same orders."""

import numpy as np
from scipy import sparse

from recommendations.answering import Matrix
from recommendations.baskets import MAX_BASKET, Baskets, Floats, cap_baskets
from recommendations.pairs import order_matrix, split_work

KEPT = 100
BM25_K1 = 1.2
BM25_B = 0.75


def build_baselines(baskets: Baskets, *, kept: int = KEPT) -> dict[str, Matrix]:
    """Products by products for each method, the best hundred a product: anchors @ matrix ranks.

    BM25 reads a product as a document whose words are its orders (K1 1.2, B 0.75): an order says more the
    fewer products it holds.
    """
    held = order_matrix(cap_baskets(baskets, most=MAX_BASKET))
    sizes = np.asarray(held.sum(axis=1), dtype=np.float64).ravel()
    orders = np.asarray(held.sum(axis=0), dtype=np.float64).ravel()
    rarity = np.maximum(np.log(max(baskets.product_count, 2)) - np.log1p(sizes), 0.0)
    length = BM25_K1 * (1.0 - BM25_B + BM25_B * orders / max(float(orders.mean()), 1e-9)) + 1.0
    roots = np.sqrt(np.maximum(orders, 1.0))
    return {
        "co_occurrence": _multiply(held, np.ones(len(sizes)), np.ones(len(orders)), kept=kept),
        "cosine": _multiply(held, np.ones(len(sizes)), 1.0 / roots, kept=kept),
        "bm25": _multiply(held, rarity**2, (BM25_K1 + 1.0) / length, kept=kept),
    }


def _multiply(held: Matrix, votes: Floats, scale: Floats, *, kept: int) -> Matrix:
    """The best `kept` of each row of S·HᵀVH·S without its diagonal, block by block."""
    weighted = sparse.csr_array(sparse.diags_array(votes) @ held @ sparse.diags_array(scale))
    by_product = sparse.csr_array(sparse.diags_array(scale) @ held.T)
    work = np.asarray(sparse.csr_array(held.T) @ np.diff(held.indptr), dtype=np.float64)
    parts = [
        _keep_best(sparse.csr_array(by_product[rows] @ weighted), rows.start, kept=kept)
        for rows in split_work(work)
    ]
    return sparse.csr_array(sparse.vstack(parts))


def _keep_best(block: Matrix, first_row: int, *, kept: int) -> Matrix:
    columns, values, lengths = [], [], []
    for row in range(block.shape[0]):
        part = slice(block.indptr[row], block.indptr[row + 1])
        found, scores = block.indices[part], block.data[part]
        others = found != row + first_row
        found, scores = found[others], scores[others]
        if len(found) > kept:
            best = np.argpartition(-scores, kept)[:kept]
            found, scores = found[best], scores[best]
        columns.append(found)
        values.append(scores)
        lengths.append(len(found))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((np.concatenate(values), np.concatenate(columns), starts), shape=block.shape)
