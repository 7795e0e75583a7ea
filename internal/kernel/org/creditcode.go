package org

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"jingwei/internal/kernel/text"
)

// alphabet of GB 32100-2015: digits and capitals without I, O, S, V, Z; a character's place is its value.
const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// weights of the first 17 places: 3^(i-1) mod 31 (GB 32100-2015, 5.2).
var weights = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}

// organisationWeights check the 9 characters of the organisation code inside (GB 11714-1997).
var organisationWeights = [8]int{3, 7, 9, 10, 5, 8, 4, 2}

// CreditCode checks a unified social credit code (统一社会信用代码): 18 characters, the check digit of the whole (mod 31)
// and that of the organisation code in places 9 to 17 (mod 11). It returns the code in capitals without blanks, or
// ErrCreditCode telling what is wrong.
func CreditCode(s string) (string, error) {
	code, fault := CreditCodeFault(s)
	if !fault.IsZero() {
		return "", ErrCreditCode.At("body.creditCode", s).With("reason", fault)
	}
	return code, nil
}

// CreditCodeFault is CreditCode for those who tell what is wrong in their own way: the place that is wrong, and what a check
// digit should be. The fault is empty where the code is well.
func CreditCodeFault(s string) (code string, fault text.Text) {
	code = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	wrong := func(zh, en string, args ...any) (string, text.Text) {
		return "", text.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}
	}
	if n := utf8.RuneCountInString(code); n != 18 {
		return wrong("不是 18 位（有 %d 位）", "it does not have 18 characters, it has %d", n)
	}
	place := 0
	for _, r := range code {
		if place++; !strings.ContainsRune(alphabet, r) {
			return wrong("第 %d 位 %q 不允许（只用数字和 I、O、S、V、Z 以外的大写字母）", "character %d, %q, is not allowed (digits and capitals without I, O, S, V, Z are)", place, r)
		}
	}
	sum := 0
	for i, w := range weights {
		sum += strings.IndexByte(alphabet, code[i]) * w
	}
	for i := 2; i < 8; i++ { // administrative division, GB/T 2260
		if code[i] < '0' || code[i] > '9' {
			return wrong("第 3 至 8 位应为行政区划数字，第 %d 位是 %q", "places 3 to 8 should be the digits of a division; character %d is %q", i+1, code[i])
		}
	}
	if want := alphabet[(31-sum%31)%31]; code[17] != want {
		return wrong("校验码（第 18 位）不符：应为 %c，现为 %c", "the check digit (character 18) does not fit: it should be %c and is %c", want, code[17])
	}
	if want := organisationDigit(code[8:17]); code[16] != want {
		return wrong("组织机构代码的校验码（第 17 位）不符：应为 %c，现为 %c", "the check digit of the organisation code in it (character 17) does not fit: it should be %c and is %c", want, code[16])
	}
	return code, text.Text{}
}

// organisationDigit is the check digit of GB 11714: letters count from A=10, and the check digit 10 is written X.
func organisationDigit(s string) byte {
	sum := 0
	for i, w := range organisationWeights {
		c := s[i]
		v := int(c - '0')
		if c >= 'A' {
			v = int(c-'A') + 10
		}
		sum += v * w
	}
	switch check := 11 - sum%11; check {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return byte('0' + check)
	}
}
