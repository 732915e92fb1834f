"""The degrees of the columns of each code: how many of the 256 columns have which degree."""

COLUMNS = 256


def ladder(first=8, last=159, ratio=1.128):
    """Rows of the codes, ascending, each about `ratio` times the one before."""
    rows, target = [first], float(first)
    while rows[-1] < last:
        target = max(target * ratio, rows[-1] + 1)
        rows.append(min(last, round(target)))
    return rows


def textbook(rows):
    """Degrees two, three and one large one, before any search."""
    twos = min(rows - 1, 120)
    large = min(rows, 12)
    larges = 36
    return {2: twos, 3: COLUMNS - twos - larges, large: larges}
