package gs1

import "jingwei/internal/kernel/text"

// Rule is what a value broke: a stable code, worded by Words.
type Rule string

// Rules of syntax.
const (
	RuleEmpty        Rule = "empty"
	RuleTooLarge     Rule = "too-large"
	RuleBrackets     Rule = "brackets"
	RuleUnknownAI    Rule = "unknown-ai"
	RuleTooShort     Rule = "too-short"
	RuleTooLong      Rule = "too-long"
	RuleCharacter    Rule = "character"
	RulePadding      Rule = "padding"
	RuleTooMany      Rule = "too-many"
	RuleSymbology    Rule = "symbology"
	RulePrimary      Rule = "primary-length"
	RuleScheme       Rule = "scheme"
	RuleDomain       Rule = "domain"
	RuleURICharacter Rule = "uri-character"
	RuleEscape       Rule = "percent-escape"
	RuleNoKey        Rule = "no-primary-key"
	RulePathOrder    Rule = "path-order"
	RuleNotAttribute Rule = "not-an-attribute"
	RuleInPath       Rule = "belongs-in-path"
	RuleCompressed   Rule = "compressed"
)

// Rules of content, most of them named after a linter of the dictionary.
const (
	RuleCheckDigit     Rule = "check-digit"
	RuleCheckPair      Rule = "check-characters"
	RuleCompanyPrefix  Rule = "company-prefix"
	RuleMonth          Rule = "month"
	RuleDay            Rule = "day"
	RuleHour           Rule = "hour"
	RuleMinute         Rule = "minute"
	RuleSecond         Rule = "second"
	RuleCountry        Rule = "country"
	RuleCurrency       Rule = "currency"
	RuleSex            Rule = "sex"
	RuleMedia          Rule = "media-type"
	RulePackage        Rule = "package-type"
	RulePercent        Rule = "percent-encoding"
	RuleYesNo          Rule = "yes-no"
	RuleZero           Rule = "zero"
	RuleNonZero        Rule = "not-zero"
	RuleZeroPrefix     Rule = "zero-prefix"
	RuleNonDigit       Rule = "non-digit"
	RuleHyphen         Rule = "hyphen"
	RuleWinding        Rule = "winding"
	RulePiece          Rule = "piece-of-total"
	RuleSequence       Rule = "position-in-sequence"
	RuleImporter       Rule = "importer-index"
	RuleIBAN           Rule = "iban"
	RuleIBANCheck      Rule = "iban-check"
	RuleLatitude       Rule = "latitude"
	RuleLongitude      Rule = "longitude"
	RuleCoupon         Rule = "coupon"
	RuleCouponDates    Rule = "coupon-dates"
	RuleCouponTrailing Rule = "coupon-trailing"
)

// Rules of AIs together.
const (
	RuleRequires  Rule = "requires"
	RuleExcludes  Rule = "excludes"
	RuleDiffering Rule = "differing"
	RuleRepeated  Rule = "repeated"
)

// Words tell a person what the rule wants.
func (r Rule) Words() text.Text {
	switch r {
	case RuleEmpty:
		return text.Text{Zh: "不得为空", En: "must not be empty"}
	case RuleTooLarge:
		return text.Text{Zh: "超过可接受的长度", En: "is longer than is accepted"}
	case RuleBrackets:
		return text.Text{Zh: "应由“(应用标识符)值”组成；值中的左括号写作 \\(", En: `must be made of "(AI)value"; write a bracket within a value as \(`}
	case RuleUnknownAI:
		return text.Text{Zh: "没有这样的应用标识符", En: "no Application Identifier begins like this"}
	case RuleTooShort:
		return text.Text{Zh: "太短", En: "is too short"}
	case RuleTooLong:
		return text.Text{Zh: "太长，或其后缺少 FNC1 分隔符", En: "is too long, or the FNC1 that ends it is missing"}
	case RuleCharacter:
		return text.Text{Zh: "含有不允许的字符", En: "has a character that does not belong"}
	case RulePadding:
		return text.Text{Zh: "填充符“=”不正确", En: "is padded wrongly with ="}
	case RuleTooMany:
		return text.Text{Zh: "应用标识符过多", En: "has too many Application Identifiers"}
	case RuleSymbology:
		return text.Text{Zh: "缺少码制标识符（如 ]C1），或不支持", En: "has no symbology identifier (such as ]C1), or one that is not supported"}
	case RulePrimary:
		return text.Text{Zh: "位数应为 8 或 13", En: "must be 8 or 13 digits"}
	case RuleScheme:
		return text.Text{Zh: "应以 https:// 或 http:// 开头", En: "must begin with https:// or http://"}
	case RuleDomain:
		return text.Text{Zh: "缺少域名或域名含有不允许的字符", En: "has no domain, or one with characters that do not belong"}
	case RuleURICharacter:
		return text.Text{Zh: "含有网址中不允许的字符", En: "has a character that no URI may have"}
	case RuleEscape:
		return text.Text{Zh: "百分号编码不正确", En: "has a percent escape that is none"}
	case RuleNoKey:
		return text.Text{Zh: "没有主标识键（如 /01/ 后接 14 位 GTIN）", En: "has no primary key (such as /01/ and a GTIN of 14 digits)"}
	case RulePathOrder:
		return text.Text{Zh: "路径中的限定符不属于该主键，或顺序不对", En: "does not qualify this key, or stands in the wrong order"}
	case RuleNotAttribute:
		return text.Text{Zh: "不得作为数字链接的属性", En: "may not be an attribute of a Digital Link"}
	case RuleInPath:
		return text.Text{Zh: "应写在路径里，而不是查询参数里", En: "belongs in the path, not in the query"}
	case RuleCompressed:
		return text.Text{Zh: "无法解压", En: "cannot be decompressed"}
	}
	return r.contentWords()
}

func (r Rule) contentWords() text.Text {
	switch r {
	case RuleCheckDigit:
		return text.Text{Zh: "校验位不正确", En: "has the wrong check digit"}
	case RuleCheckPair:
		return text.Text{Zh: "校验字符不正确", En: "has the wrong check characters"}
	case RuleCompanyPrefix:
		return text.Text{Zh: "应以 GS1 厂商识别代码（至少 4 位数字）开头", En: "must begin with a GS1 Company Prefix (at least 4 digits)"}
	case RuleMonth:
		return text.Text{Zh: "月份应为 01 至 12", En: "month must be 01 to 12"}
	case RuleDay:
		return text.Text{Zh: "该月没有这一天", En: "the month has no such day"}
	case RuleHour:
		return text.Text{Zh: "小时应为 00 至 23", En: "hour must be 00 to 23"}
	case RuleMinute:
		return text.Text{Zh: "分钟应为 00 至 59", En: "minute must be 00 to 59"}
	case RuleSecond:
		return text.Text{Zh: "秒应为 00 至 59", En: "second must be 00 to 59"}
	case RuleCountry:
		return text.Text{Zh: "不是 ISO 3166 国家或地区代码", En: "is no country code of ISO 3166"}
	case RuleCurrency:
		return text.Text{Zh: "不是 ISO 4217 货币数字代码", En: "is no currency code of ISO 4217"}
	case RuleSex:
		return text.Text{Zh: "应为 0、1、2 或 9（ISO/IEC 5218）", En: "must be 0, 1, 2 or 9 (ISO/IEC 5218)"}
	case RuleMedia:
		return text.Text{Zh: "不是已定义的 AIDC 介质类型", En: "is no AIDC media type"}
	case RulePackage:
		return text.Text{Zh: "不是已定义的包装类型代码", En: "is no package type code"}
	case RulePercent:
		return text.Text{Zh: "“%”后应有两位十六进制数字", En: "a % must be followed by two hexadecimal digits"}
	case RuleYesNo:
		return text.Text{Zh: "应为 0 或 1", En: "must be 0 or 1"}
	case RuleZero:
		return text.Text{Zh: "应为 0", En: "must be 0"}
	case RuleNonZero:
		return text.Text{Zh: "不得为 0", En: "must not be zero"}
	case RuleZeroPrefix:
		return text.Text{Zh: "不得以 0 开头", En: "must not begin with 0"}
	case RuleNonDigit:
		return text.Text{Zh: "至少应有一个非数字字符", En: "must have a character that is no digit"}
	case RuleHyphen:
		return text.Text{Zh: "应为连字符“-”", En: "must be a hyphen"}
	case RuleWinding:
		return text.Text{Zh: "卷绕方向应为 0、1 或 9", En: "winding direction must be 0, 1 or 9"}
	case RulePiece:
		return text.Text{Zh: "件号应从 01 起且不大于总件数", En: "piece must be from 01 and no more than the total"}
	case RuleSequence:
		return text.Text{Zh: "应写作“序号/总数”，且序号不大于总数", En: `must be "position/end" with a position no more than the end`}
	case RuleImporter:
		return text.Text{Zh: "不是进口商索引字符", En: "is no importer index"}
	case RuleIBAN:
		return text.Text{Zh: "不是国际银行账号的形式", En: "is not of the form of an IBAN"}
	case RuleIBANCheck:
		return text.Text{Zh: "国际银行账号的校验位不正确", En: "has the wrong check digits of an IBAN"}
	case RuleLatitude:
		return text.Text{Zh: "纬度应为 0000000000 至 1800000000", En: "latitude must be 0000000000 to 1800000000"}
	case RuleLongitude:
		return text.Text{Zh: "经度应为 0000000000 至 3600000000", En: "longitude must be 0000000000 to 3600000000"}
	case RuleCoupon:
		return text.Text{Zh: "优惠券编码的这一部分缺失或不正确", En: "this part of the coupon code is missing or wrong"}
	case RuleCouponDates:
		return text.Text{Zh: "优惠券的截止日期早于开始日期", En: "the coupon expires before it starts"}
	case RuleCouponTrailing:
		return text.Text{Zh: "优惠券编码后有多余的数据", En: "the coupon code is followed by something else"}
	case RuleRequires:
		return text.Text{Zh: "还须有下列应用标识符之一", En: "must be accompanied by one of these AIs"}
	case RuleExcludes:
		return text.Text{Zh: "不得与下列应用标识符同时出现", En: "must not stand together with this AI"}
	case RuleDiffering:
		return text.Text{Zh: "重复出现而值不同", En: "occurs again with another value"}
	case RuleRepeated:
		return text.Text{Zh: "重复出现", En: "occurs twice"}
	}
	return text.Both(string(r))
}
