from arithmetic import matrix_limit


def test_the_limit_is_the_best_of_several_products():
    seconds = iter([0, 4, 4, 6, 6, 7, 7, 10])
    assert matrix_limit(size=8, times=2, clock=lambda: next(seconds)) == 2 * 8**3
