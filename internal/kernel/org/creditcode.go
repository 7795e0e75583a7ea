package org

import (
	"strings"

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
	code := strings.ToUpper(strings.Join(strings.Fields(s), ""))
	wrong := func(zh, en string) error {
		return ErrCreditCode.At("body.creditCode", s).With("reason", text.Text{Zh: zh, En: en})
	}
	if len(code) != 18 {
		return "", wrong("不是 18 位", "it does not have 18 characters")
	}
	sum := 0
	for i, w := range weights {
		v := strings.IndexByte(alphabet, code[i])
		if v < 0 {
			return "", wrong("含有不允许的字符", "it has a character that is not allowed")
		}
		sum += v * w
	}
	if strings.IndexByte(alphabet, code[17]) < 0 {
		return "", wrong("含有不允许的字符", "it has a character that is not allowed")
	}
	if strings.Trim(code[2:8], "0123456789") != "" { // administrative division, GB/T 2260
		return "", wrong("第 3 至 8 位不是行政区划数字", "places 3 to 8 are not the digits of a division")
	}
	if code[17] != alphabet[(31-sum%31)%31] {
		return "", wrong("校验码不符", "the check digit does not fit")
	}
	if !organisationCode(code[8:17]) {
		return "", wrong("组织机构代码的校验码不符", "the check digit of the organisation code in it does not fit")
	}
	return code, nil
}

// organisationCode checks GB 11714: letters count from A=10, and the check digit 10 is written X.
func organisationCode(s string) bool {
	sum := 0
	for i, w := range organisationWeights {
		c := s[i]
		v := int(c - '0')
		if c >= 'A' {
			v = int(c-'A') + 10
		}
		sum += v * w
	}
	check := 11 - sum%11
	want := byte('0' + check)
	switch check {
	case 10:
		want = 'X'
	case 11:
		want = '0'
	}
	return s[8] == want
}
