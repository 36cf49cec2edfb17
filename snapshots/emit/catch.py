def attempt($context, n):
    try:
        return fn must_be_small(fn odd_sum($context, -(-10 // n) if (10 < 0) != (n < 0) else 10 // n))
    except $Catchable as $1:
        $2 = $caught($1)
        e = $2
        if $type(e) is class baml.panics.DivisionByZero:
            return -1
        elif $type(e) is $str:
            text = e
            return text
        else:
            e2 = $2
            if $isinstance($1, $Thrown):
                return 0
            else:
                raise
