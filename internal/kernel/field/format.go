package field

import (
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
)

// Format checks a text and brings it into its normal form. fault is empty where it is well.
type Format func(s string) (normal string, fault, mend text.Text)

// Formats that a pack may name.
var Formats = map[string]Format{
	"credit-code": creditCode,
	"industry":    industry,
	"uri":         uri,
	"email":       email,
	"phone":       phone,
	"division":    division,
}

func formatNames() []string { return slices.Sorted(maps.Keys(Formats)) }

// creditCode is a unified social credit code (GB 32100-2015).
func creditCode(s string) (string, text.Text, text.Text) {
	code, fault := org.CreditCodeFault(s)
	return code, fault, text.Text{Zh: "请按营业执照核对 18 位统一社会信用代码", En: "Compare the 18 characters with the business licence"}
}

var industryForm = regexp.MustCompile(`^([A-T]|[A-T]?[0-9]{2,4})$`)

// sections of GB/T 4754-2017 with their first divisions; the last one is 97.
var sections = []struct {
	letter byte
	first  string
}{{'A', "01"}, {'B', "06"}, {'C', "13"}, {'D', "44"}, {'E', "47"}, {'F', "51"}, {'G', "53"}, {'H', "61"}, {'I', "63"}, {'J', "66"}, {'K', "70"}, {'L', "71"},
	{'M', "73"}, {'N', "76"}, {'O', "80"}, {'P', "83"}, {'Q', "84"}, {'R', "86"}, {'S', "91"}, {'T', "97"}}

// Section is the section of a division of GB/T 4754-2017 ("36" is in C), "" where there is no such division.
func Section(division string) string {
	if len(division) != 2 || division < "01" || division > "97" || division[1] < '0' || division[1] > '9' {
		return ""
	}
	letter := byte(0)
	for _, s := range sections {
		if s.first <= division {
			letter = s.letter
		}
	}
	return string(letter)
}

// industry is a code of GB/T 4754-2017: a section A to T, or a division, group or class of 2, 3 or 4 digits, with or without the
// letter of its section in front. Section and division must exist; groups and classes are checked by form alone. The normal form is
// the letter, or the digits without it.
func industry(s string) (string, text.Text, text.Text) {
	code := strings.ToUpper(strings.TrimSpace(s))
	mend := text.Text{Zh: "请填写 GB/T 4754—2017 的代码，如 C、C36、3670", En: "Give a code of GB/T 4754-2017, such as C, C36 or 3670"}
	if !industryForm.MatchString(code) {
		return "", text.Text{Zh: "不是国民经济行业代码", En: "is not a code of GB/T 4754"}, mend
	}
	letter := ""
	if code[0] >= 'A' {
		letter, code = code[:1], code[1:]
	}
	if code == "" {
		return letter, text.Text{}, text.Text{}
	}
	switch section := Section(code[:2]); {
	case section == "":
		return "", text.Text{Zh: "没有大类 " + code[:2], En: "there is no division " + code[:2]}, text.Text{Zh: "大类为 01 至 97", En: "Divisions go from 01 to 97"}
	case letter != "" && letter != section:
		return "", text.Text{Zh: "大类 " + code[:2] + " 属于门类 " + section + "，不属于 " + letter, En: "division " + code[:2] + " is in section " + section + ", not in " + letter}, mend
	}
	return code, text.Text{}, text.Text{}
}

func uri(s string) (string, text.Text, text.Text) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return "", text.Text{Zh: "不是网址", En: "is not a web address"}, text.Text{Zh: "请填写以 https:// 开头的网址", En: "Give an address that begins with https://"}
	}
	return u.String(), text.Text{}, text.Text{}
}

func email(s string) (string, text.Text, text.Text) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return "", text.Text{Zh: "不是邮箱地址", En: "is not an e-mail address"}, text.Text{Zh: "请填写如 name@example.cn 的地址", En: "Give an address such as name@example.cn"}
	}
	return a.Address, text.Text{}, text.Text{}
}

var phoneForm = regexp.MustCompile(`^(\+?[0-9]{1,4}[- ]?)?[0-9][0-9 -]{4,18}[0-9]$`)

func phone(s string) (string, text.Text, text.Text) {
	if !phoneForm.MatchString(s) {
		return "", text.Text{Zh: "不是电话号码", En: "is not a telephone number"}, text.Text{Zh: "请填写手机号或带区号的电话", En: "Give a mobile number, or a number with its area code"}
	}
	return s, text.Text{}, text.Text{}
}

var divisionForm = regexp.MustCompile(`^[1-9][0-9]{5}$`)

// division is the form of a code of administrative divisions (GB/T 2260): six digits.
func division(s string) (string, text.Text, text.Text) {
	if !divisionForm.MatchString(s) {
		return "", text.Text{Zh: "不是 6 位行政区划代码", En: "is not a code of an administrative division of 6 digits"}, text.Text{Zh: "请填写如 440100", En: "Give one such as 440100"}
	}
	return s, text.Text{}, text.Text{}
}
