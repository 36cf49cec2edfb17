def odd_sum($context, n):
    sum = 0
    i = 0
    for $round in $context.rounds:
        if not i < n:
            break
        if (i % 2 if i >= 0 else -(-i % 2)) == 0:
            i = i + 1
            continue
        sum = sum + (-(-i // 2) if i < 0 else i // 2)
        i = i + 1
    else:
        raise $Cancelled
    return sum
