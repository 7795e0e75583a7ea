package ledger

import (
	"fmt"
	"strconv"
	"strings"
)

// Yuan writes fen as yuan with two places, such as 1234.50.
func Yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

// ParseYuan reads an amount as statements write it: 1,234.5, -20, ￥3.00. Nothing is rounded: a third place is refused.
func ParseYuan(s string) (int64, bool) {
	s = strings.NewReplacer(",", "", "，", "", " ", "", "￥", "", "¥", "", "元", "").Replace(s)
	sign := int64(1)
	if r, ok := strings.CutPrefix(s, "-"); ok {
		s, sign = r, -1
	}
	whole, part, dot := strings.Cut(s, ".")
	if whole == "" || len(whole) > 14 || dot && (part == "" || strings.Trim(part[min(2, len(part)):], "0") != "") {
		return 0, false
	}
	part = (part + "00")[:2]
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil {
		return 0, false
	}
	c, err := strconv.ParseUint(part, 10, 7)
	if err != nil {
		return 0, false
	}
	if n > MaxAmount/100 {
		return 0, false
	}
	return sign * (int64(n)*100 + int64(c)), true
}
