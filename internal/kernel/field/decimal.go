package field

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxPlaces is how many digits a decimal may have behind the point.
const maxPlaces = 9

var decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$`)

// parseUnits reads a decimal exactly, as a whole number of its last place: "12.5" with two places is 1250.
func parseUnits(s string, places int) (int64, error) {
	if !decimalForm.MatchString(s) {
		return 0, fmt.Errorf("%q is not a decimal number", s)
	}
	head, tail, _ := strings.Cut(s, ".")
	tail = strings.TrimRight(tail, "0")
	if len(tail) > places {
		return 0, errPlaces
	}
	v, err := strconv.ParseInt(head+tail+strings.Repeat("0", places-len(tail)), 10, 64)
	if err != nil || v > MaxWhole || v < -MaxWhole {
		return 0, errRange
	}
	return v, nil
}

var (
	errPlaces = fmt.Errorf("has more places than are kept")
	errRange  = fmt.Errorf("is too large")
)

// FormatUnits writes what parseUnits read, with all its places: 1250 with two places is "12.50".
func FormatUnits(v int64, places int) string {
	if places == 0 {
		return strconv.FormatInt(v, 10)
	}
	sign := ""
	u := uint64(v)
	if v < 0 {
		sign, u = "-", -u
	}
	s := strconv.FormatUint(u, 10)
	if len(s) <= places {
		s = strings.Repeat("0", places-len(s)+1) + s
	}
	return sign + s[:len(s)-places] + "." + s[len(s)-places:]
}
