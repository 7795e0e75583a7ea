package influx

import (
	"errors"
	"math"
	"strconv"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/telemetry"
)

// number reads 1.5, -3i, 7u or 1e-9 into the row and returns the place after it. Short numbers, which nearly all are, are
// read in one pass.
func number(s []byte, p int, row *rows.Row) (int, *rows.Fault) {
	from := p
	negative := s[p] == '-'
	if negative {
		p++
	}
	var n uint64
	digits := p
	for p < len(s) && s[p]-'0' < 10 {
		n = n*10 + uint64(s[p]-'0')
		p++
	}
	count, fraction := p-digits, 0
	if p < len(s) && s[p] == '.' {
		p++
		digits = p
		for p < len(s) && s[p]-'0' < 10 {
			n = n*10 + uint64(s[p]-'0')
			p++
		}
		fraction = p - digits
		count += fraction
	} else if p < len(s) && s[p] == 'i' && count > 0 && count < 19 && (p+1 == len(s) || kind[s[p+1]]&valueTo != 0) {
		if negative {
			n = -n
		}
		row.Type, row.Bits = telemetry.Int64, n
		return p + 1, nil
	}
	if (p == len(s) || kind[s[p]]&valueTo != 0) && count > 0 && count < 16 && fraction < len(rows.Tens) {
		f := float64(n) / rows.Tens[fraction]
		if negative {
			f = -f
		}
		row.Type, row.Bits = telemetry.Float64, math.Float64bits(f)
		return p, nil
	}
	return slow(s, from, row)
}

// slow reads what the quick way does not: exponents, many digits, unsigned numbers, and what is wrong.
func slow(s []byte, from int, row *rows.Row) (int, *rows.Fault) {
	end := tokenEnd(s, from)
	token := string(s[from:end])
	var err error
	switch body := token[:len(token)-1]; token[len(token)-1] {
	case 'i':
		var n int64
		n, err = strconv.ParseInt(body, 10, 64)
		row.Type, row.Bits = telemetry.Int64, uint64(n)
	case 'u':
		var n uint64
		n, err = strconv.ParseUint(body, 10, 64)
		if err == nil && n > math.MaxInt64 {
			return end, &rows.Fault{Kind: rows.ErrValue, Reason: rows.OutOfRange, Value: token}
		}
		row.Type, row.Bits = telemetry.Int64, n
	default:
		var f float64
		if f, err = decimal(token); err == nil {
			row.Type, row.Bits = telemetry.Float64, math.Float64bits(f)
		}
	}
	switch {
	case err == nil:
		return end, nil
	case errors.Is(err, strconv.ErrRange):
		return end, &rows.Fault{Kind: rows.ErrValue, Reason: rows.OutOfRange, Value: token}
	}
	return end, &rows.Fault{Reason: badNumber, Value: token}
}

// decimal is strconv.ParseFloat without what is no decimal number: hexadecimal, infinities, NaN.
func decimal(token string) (float64, error) {
	for i := range len(token) {
		switch c := token[i]; {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, strconv.ErrSyntax
		}
	}
	return strconv.ParseFloat(token, 64)
}
