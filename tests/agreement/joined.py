"""Networks of maps that lie in the channels of others, by what is special about them."""

from scanfuse.network import Concat, Layer, Network, Tensor


def joined() -> dict[str, Network]:
    x = Tensor("x", 3, 9, 7)

    def map_of(name: str, channels: int = 4) -> Tensor:
        return Tensor(name, channels, 9, 7)

    def conv(made: Tensor, read: Tensor) -> Layer:
        return Layer(made.name, "conv", (read,), made, (3, 3), (1, 1), (1, 1, 1, 1))

    def point(made: Tensor, read: Tensor) -> Layer:
        return Layer(made.name, "pointwise", (read,), made)

    def add(made: Tensor, one: Tensor, other: Tensor) -> Layer:
        return Layer(made.name, "add", (one, other), made)

    a, b, c, d, e, f = (map_of(name) for name in "abcdef")
    ab, abc, bc = map_of("ab", 8), map_of("abc", 12), map_of("bc", 8)
    fire = (point(a, x), conv(b, a), point(c, a))
    grown = (conv(a, x), point(b, a), conv(c, ab), point(d, abc))
    flat = Tensor("bc", 8 * 9 * 7, 1, 1)
    given = Concat(map_of("xa", 7), (x, a))
    return {
        "fire": Network("n", (*fire, conv(d, bc)), x, d, concats=(Concat(bc, (b, c)),)),
        "flattened": Network(
            "n",
            (*fire, Layer("fc", "linear", (flat,), Tensor("fc", 5, 1, 1))),
            x,
            Tensor("fc", 5, 1, 1),
            concats=(Concat(bc, (b, c)),),
        ),
        "output": Network("n", fire, x, bc, concats=(Concat(bc, (c, b)),)),
        "output that a layer reads": Network(
            "n",
            (*fire, point(d, bc)),
            x,
            map_of("bcd", 12),
            concats=(Concat(map_of("bcd", 12), (b, c, d)), Concat(bc, (b, c))),
        ),
        "nested": Network("n", grown, x, d, concats=(Concat(ab, (a, b)), Concat(abc, (ab, c)))),
        "dense": Network("n", grown, x, d, concats=(Concat(ab, (a, b)), Concat(abc, (a, b, c)))),
        "sliding": Network(
            "n",
            (point(a, x), conv(b, a), conv(c, b), point(d, ab), conv(e, bc), add(f, e, d)),
            x,
            f,
            concats=(Concat(ab, (a, b)), Concat(bc, (b, c))),
        ),
        "added": Network(
            "n",
            (
                *fire,
                point(map_of("p", 8), bc),
                add(map_of("s", 8), map_of("p", 8), bc),
                conv(d, map_of("s", 8)),
            ),
            x,
            d,
            concats=(Concat(bc, (b, c)),),
        ),
        "added to a part of what is read": Network(
            "n",
            (*fire, conv(d, bc), add(e, d, b), point(f, e)),
            x,
            f,
            concats=(Concat(bc, (b, c)),),
        ),
        "sum as a part": Network(
            "n",
            (point(a, x), conv(b, a), add(c, b, a), conv(d, map_of("ca", 8))),
            x,
            d,
            concats=(Concat(map_of("ca", 8), (c, a)),),
        ),
        "split": Network(
            "n",
            (point(ab, x), conv(c, b), add(d, c, b), point(e, abc)),
            x,
            e,
            concats=(Concat(ab, (a, b)), Concat(abc, (ab, d))),
        ),
        "input": Network("n", (conv(a, x), conv(b, given.output)), x, b, concats=(given,)),
        "input in the output": Network("n", (conv(a, x),), x, given.output, concats=(given,)),
        "scaled": Network(
            "n",
            (
                *fire,
                Layer("pool", "pool", (bc,), Tensor("pool", 8, 1, 1), (9, 7), pool_kind="average"),
                Layer("factors", "linear", (Tensor("pool", 8, 1, 1),), Tensor("factors", 8, 1, 1)),
                Layer("scale", "scale", (bc, Tensor("factors", 8, 1, 1)), map_of("scale", 8)),
            ),
            x,
            map_of("scale", 8),
            concats=(Concat(bc, (b, c)),),
        ),
        "block": Network(
            "n",
            (
                *fire,
                Layer("dw", "depthwise", (bc,), map_of("dw", 8), (3, 3), (1, 1), (1, 1, 1, 1), groups=8),
                point(d, map_of("dw", 8)),
                add(e, d, b),
                point(f, map_of("ec", 8)),
            ),
            x,
            f,
            concats=(Concat(bc, (c, b)), Concat(map_of("ec", 8), (e, c))),
        ),
    }


JOINED = joined()
