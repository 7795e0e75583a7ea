package epcis

import (
	"fmt"
	"strings"

	"jingwei/internal/kernel/text"
)

// Rule is what a document broke.
type Rule string

// The rules.
const (
	RuleSyntax     Rule = "syntax"     // not JSON, not XML, or not in UTF-8
	RuleSize       Rule = "size"       // too long, too deep, too many
	RuleContext    Rule = "context"    // @context is missing, or names one that is not known here
	RuleFrame      Rule = "frame"      // not an EPCIS document
	RuleRequired   Rule = "required"   // a field is missing
	RuleUnknown    Rule = "unknown"    // a field that the standard does not know, without a namespace
	RuleNamespace  Rule = "namespace"  // a prefix that nothing declares
	RuleType       Rule = "type"       // a value of another type
	RuleTime       Rule = "time"       // not a time with its zone
	RuleOffset     Rule = "offset"     // not an offset of a clock
	RuleURI        Rule = "uri"        // not an absolute URI
	RuleVocabulary Rule = "vocabulary" // a word that CBV does not know
	RuleAction     Rule = "action"     // not ADD, OBSERVE or DELETE
	RuleUnit       Rule = "unit"       // not a code of UN/CEFACT Recommendation 20
	RuleTwice      Rule = "twice"      // a field or an identifier stands twice
	RuleThings     Rule = "things"     // the event names nothing that it is about
	RuleEntity     Rule = "entity"     // an entity or a document type in XML

	// What only the node that takes an event can tell.

	RuleFuture Rule = "future" // later than the node's clock by more than the tolerance
	RuleTaken  Rule = "taken"  // another event has this eventID
)

var ruleWords = map[Rule]text.Text{
	RuleSyntax:     {Zh: "不是合法的 JSON 或 XML（UTF-8）", En: "is not well-formed JSON or XML in UTF-8"},
	RuleSize:       {Zh: "超出允许的大小、层数或数量", En: "is larger, deeper or more than is allowed"},
	RuleContext:    {Zh: "缺少 EPCIS 的 @context，或引用了本节点不认识的 context（从不联网获取）", En: "has no EPCIS context, or names a context that this node does not know; none is fetched"},
	RuleFrame:      {Zh: "不是 EPCIS 文档或事件", En: "is no EPCIS document and no event"},
	RuleRequired:   {Zh: "必填而缺失", En: "is required and missing"},
	RuleUnknown:    {Zh: "标准没有此字段；扩展字段须带命名空间前缀", En: "is no field of the standard; an extension needs a namespace"},
	RuleNamespace:  {Zh: "前缀未在 @context 或 xmlns 中声明", En: "has a prefix that no context declares"},
	RuleType:       {Zh: "值的类型不对", En: "is of another type than the field"},
	RuleTime:       {Zh: "不是带时区的时间（RFC 3339）", En: "is no time with its zone (RFC 3339)"},
	RuleOffset:     {Zh: "不是时区偏移，例如 +08:00", En: "is no offset such as +08:00"},
	RuleURI:        {Zh: "不是绝对 URI", En: "is no absolute URI"},
	RuleVocabulary: {Zh: "CBV 词汇中没有此词；自有词汇须写完整 URI", En: "is no word of CBV; a word of one's own is a full URI"},
	RuleAction:     {Zh: "须为 ADD、OBSERVE 或 DELETE", En: "is none of ADD, OBSERVE and DELETE"},
	RuleUnit:       {Zh: "不是计量单位代码（UN/CEFACT Rec. 20，2 至 3 位）", En: "is no unit code of UN/CEFACT Recommendation 20"},
	RuleTwice:      {Zh: "重复出现", En: "stands twice"},
	RuleThings:     {Zh: "事件没有说明涉及哪些物品", En: "names nothing that the event is about"},
	RuleFuture:     {Zh: "晚于本节点时间超过容许的误差", En: "is later than this node's clock by more than it allows"},
	RuleTaken:      {Zh: "已有内容不同的事件使用此 eventID；更正请用 errorDeclaration", En: "is the id of another event with other content; an error is declared by errorDeclaration"},
	RuleEntity:     {Zh: "XML 中不得含实体或 DOCTYPE", En: "holds an entity or a document type, which XML of EPCIS needs none of"},
}

// Words says what the rule asks for.
func (r Rule) Words() text.Text { return ruleWords[r] }

// Fault is one thing that is wrong.
type Fault struct {
	Event int    // index in the document's list; -1: the document itself
	Path  string // "epcisBody.eventList[1].bizStep"
	Value string // what stands there, shortened
	Rule  Rule
}

func (f Fault) Error() string {
	at := f.Path
	if at == "" {
		at = "the document"
	}
	if f.Value == "" {
		return fmt.Sprintf("%s %s", at, f.Rule.Words().En)
	}
	return fmt.Sprintf("%s: %q %s", at, f.Value, f.Rule.Words().En)
}

// Invalid is all that is wrong with a document that is refused whole.
type Invalid struct{ Faults []Fault }

func (e *Invalid) Error() string {
	words := make([]string, 0, len(e.Faults))
	for _, f := range e.Faults {
		words = append(words, f.Error())
	}
	return strings.Join(words, "; ")
}

// maxFaults bounds how many faults are told of one document.
const maxFaults = 100

// shown is a value as a fault shows it.
func shown(s string) string {
	const most = 120
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func invalid(path, value string, rule Rule) *Invalid {
	return &Invalid{[]Fault{{Event: -1, Path: path, Value: shown(value), Rule: rule}}}
}
