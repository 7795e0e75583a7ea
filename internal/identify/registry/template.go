package registry

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/text"
)

// Indexes that templates reserve (SNMS): which template a record follows stands at 1000 and 1001, what it asks for from 2000 on.
const (
	indexTemplateID = 1000
	indexTemplate   = 1001
	firstItem       = 2000

	typeTemplateID = "TEMPLATE_ID" // the template's id
	typeTemplate   = "TEMPLATE"    // its version
)

// ItemType is what the value of an item is.
type ItemType string

// The types of items (IDHub: 1, 2, 3).
const (
	StringItem ItemType = "string"
	NumberItem ItemType = "number" // digits with an optional sign and point
	DateItem   ItemType = "date"   // 2026-05-01
)

// ObjectType is what kind of object a template describes (top-node docking, table 4).
type ObjectType int

// The object types.
const (
	ActiveCarrier ObjectType = 1 // carries its identifier itself and dials out
	OtherObject   ObjectType = 2
)

// TemplateItem is one value that a template asks for.
type TemplateItem struct {
	Index     uint32    `json:"index,omitempty" minimum:"0" doc:"Of the value in the record, 2000 and up; given in order from 2000 where it is left out"`
	Name      string    `json:"name" minLength:"1" maxLength:"128" doc:"The type of the value in the record"`
	Label     text.Text `json:"label,omitzero" doc:"Its name for people"`
	IDType    string    `json:"idType,omitempty" maxLength:"32"`
	Required  bool      `json:"required,omitempty"`
	Unique    bool      `json:"unique,omitempty" doc:"No two identifiers of the prefix have the same value"`
	Private   bool      `json:"private,omitempty" doc:"Only administrators read it"`
	Type      ItemType  `json:"type" enum:"string,number,date"`
	MinLength int       `json:"minLength,omitempty" minimum:"0" maximum:"4096" doc:"In characters"`
	MaxLength int       `json:"maxLength,omitempty" minimum:"0" maximum:"4096" doc:"In characters; 255 where it is left out"`
	Pattern   string    `json:"pattern,omitempty" maxLength:"500" doc:"RE2, of the whole value"`
	Reference string    `json:"reference,omitempty" maxLength:"255" doc:"The value is an identifier of this prefix; * for any"`

	pattern *regexp.Regexp
}

// TemplateState is where a template is in its life.
type TemplateState string

// The states of a template. What is published no longer changes: another version follows it.
const (
	Draft     TemplateState = "draft"
	Published TemplateState = "published" // records may be made by it
	Retired   TemplateState = "withdrawn" // those that are there stay as they are, and may be changed
)

// TemplateContent is what a template says.
type TemplateContent struct {
	Name        text.Text      `json:"name"`
	Category    string         `json:"industryCategory" pattern:"^[A-T]$" doc:"GB/T 4754, section"`
	Division    string         `json:"industrySpecific,omitempty" pattern:"^[0-9]{2}$" doc:"GB/T 4754, division"`
	Group       string         `json:"industryTrade,omitempty" pattern:"^[0-9]{3}$" doc:"GB/T 4754, group"`
	Class       string         `json:"industrySubclass,omitempty" pattern:"^[0-9]{4}$" doc:"GB/T 4754, class"`
	Object      ObjectType     `json:"type" enum:"1,2" doc:"1 an active identifier carrier, 2 other"`
	Description string         `json:"description,omitempty" maxLength:"1000"`
	Items       []TemplateItem `json:"items" nullable:"false" maxItems:"200"`
}

// Template is a version of a description of records.
type Template struct {
	Number   int64
	ID       uuid.UUID
	Prefix   int64
	Version  string // such as "1.0.0"; with the prefix it names the template
	State    TemplateState
	Content  TemplateContent
	Revision int64
	By       IdentifierAuthor
	At       int64
}

// item finds an item by its index.
func (t *Template) item(index uint32) *TemplateItem {
	for i := range t.Content.Items {
		if t.Content.Items[i].Index == index {
			return &t.Content.Items[i]
		}
	}
	return nil
}

// named finds an item by its name.
func (t *Template) named(name string) *TemplateItem {
	for i := range t.Content.Items {
		if t.Content.Items[i].Name == name {
			return &t.Content.Items[i]
		}
	}
	return nil
}

const maxItemLength = 255

// complete fills in what was left out, and tells what is wrong.
func (c *TemplateContent) complete(industry func(string) bool) error {
	bad := func(at, value string, zh, en, mendZh, mendEn string) error {
		return ErrTemplates.At("body."+at, value).With("item", at).With("reason", text.Text{Zh: zh, En: en}).With("mend", text.Text{Zh: mendZh, En: mendEn})
	}
	if c.Name.IsZero() {
		return bad("name", "", "没有名称", "has no name", "请填写名称", "Give it a name")
	}
	if c.Object != ActiveCarrier && c.Object != OtherObject {
		return bad("type", strconv.Itoa(int(c.Object)), "对象类型应为 1 或 2", "the object type is 1 or 2", "1 主动标识载体，2 其他", "1 is an active identifier carrier, 2 is any other")
	}
	above := c.Category
	for _, level := range []struct{ at, code string }{{"industrySpecific", c.Division}, {"industryTrade", c.Group}, {"industrySubclass", c.Class}} {
		if level.code == "" {
			above = ""
			continue
		}
		if above == "" || level.at != "industrySpecific" && !strings.HasPrefix(level.code, above) {
			return bad(level.at, level.code, "与上一级分类不符", "does not lie in the level above it", "请按 GB/T 4754 逐级填写", "Give the levels of GB/T 4754 one below the other")
		}
		if level.at == "industrySpecific" && industry != nil && !industry(level.code) {
			return bad(level.at, level.code, "GB/T 4754 中没有该代码", "is no code of GB/T 4754", "请核对代码", "Check the code")
		}
		above = level.code
	}
	if len(c.Items) == 0 {
		return bad("items", "", "没有属性项", "has no items", "请至少填写一项", "Give at least one")
	}
	next := uint32(firstItem)
	indexes, names := map[uint32]bool{}, map[string]bool{}
	for i := range c.Items {
		it := &c.Items[i]
		at := fmt.Sprintf("items[%d]", i)
		if it.Index == 0 {
			for indexes[next] {
				next++
			}
			it.Index = next
		}
		if it.MaxLength == 0 {
			it.MaxLength = maxItemLength
		}
		switch {
		case it.Index < firstItem:
			return bad(at+".index", strconv.Itoa(int(it.Index)), "小于 2000 的索引为保留", "indexes below 2000 are reserved", "请使用 2000 及以上", "Use 2000 and above")
		case indexes[it.Index]:
			return bad(at+".index", strconv.Itoa(int(it.Index)), "索引重复", "stands twice", "请换一个索引", "Use another index")
		case strings.TrimSpace(it.Name) == "" || strings.HasPrefix(it.Name, "HS_") || len(it.Name) > 128:
			return bad(at+".name", it.Name, "名称为空、过长或以 HS_ 开头", "is empty, too long or begins with HS_", "请换一个名称", "Use another name")
		case names[it.Name]:
			return bad(at+".name", it.Name, "名称重复", "stands twice", "请换一个名称", "Use another name")
		case !slices.Contains([]ItemType{StringItem, NumberItem, DateItem}, it.Type):
			return bad(at+".type", string(it.Type), "没有该类型", "is no type", "可用 string、number、date", "There are string, number and date")
		case it.MinLength > it.MaxLength:
			return bad(at+".minLength", strconv.Itoa(it.MinLength), "大于最大长度", "is more than the greatest length", "请核对长度", "Check the lengths")
		}
		if it.Pattern != "" {
			p, err := regexp.Compile(`^(?:` + it.Pattern + `)$`)
			if err != nil {
				return bad(at+".pattern", it.Pattern, "不是有效的正则表达式", "is no regular expression", "请按 RE2 语法填写", "Write it in the syntax of RE2")
			}
			it.pattern = p
		}
		indexes[it.Index], names[it.Name] = true, true
	}
	return nil
}

// Fault is what is wrong with a value, in words.
type Fault struct {
	Item   string
	Value  string
	Reason text.Text
	Mend   text.Text
}

func (f *Fault) Error() string { return f.Item + ": " + f.Reason.En }

// check checks the value of an item. number is what it counts as in comparisons.
func (it *TemplateItem) check(value string) (number float64, fault *Fault) {
	bad := func(zh, en, mendZh, mendEn string) (float64, *Fault) {
		return 0, &Fault{it.Name, clip(value), text.Text{Zh: zh, En: en}, text.Text{Zh: mendZh, En: mendEn}}
	}
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return bad("不是 UTF-8 文本", "is not UTF-8 text", "请用 UTF-8", "Use UTF-8")
	}
	if n := utf8.RuneCountInString(value); n < it.MinLength || n > it.MaxLength {
		return bad(fmt.Sprintf("有 %d 个字符，应为 %d 至 %d", n, it.MinLength, it.MaxLength), fmt.Sprintf("has %d characters; %d to %d fit", n, it.MinLength, it.MaxLength), "请改正长度", "Correct its length")
	}
	if it.pattern != nil && !it.pattern.MatchString(value) {
		return bad("格式不符 "+it.Pattern, "does not have the form "+it.Pattern, "请按该格式填写", "Write it in that form")
	}
	if it.Reference != "" {
		name, err := handle.ParseName(value)
		if err != nil || it.Reference != "*" && folded(name.Prefix()) != folded(it.Reference) {
			return bad("不是前缀 "+it.Reference+" 的标识", "is no identifier of the prefix "+it.Reference, "请填写 前缀/后缀", "Write prefix/suffix")
		}
	}
	switch it.Type {
	case NumberItem:
		v, err := strconv.ParseFloat(value, 64)
		if !decimal.MatchString(value) || err != nil {
			return bad("不是数字", "is not a number", "请按 -12.5 填写", "Write it as -12.5")
		}
		return v, nil
	case DateItem:
		t, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return bad("不是日期", "is not a date", "请按 2026-05-01 填写", "Write it as 2026-05-01")
		}
		return math.Floor(float64(t.Unix()) / 86400), nil
	}
	return 0, nil
}

var decimal = regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,30})?$`)

func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// checkRecord checks values against the template: what has an index from 2000 on is an item with its name as its type, and what is required
// is there. It returns all that is wrong, in the order of the items.
func (t *Template) checkRecord(values []handle.Value) (out []*Fault) {
	there := map[uint32]bool{}
	for i := range values {
		v := &values[i]
		if v.Index < firstItem {
			continue
		}
		it := t.item(v.Index)
		switch {
		case it == nil:
			out = append(out, &Fault{strconv.Itoa(int(v.Index)), v.Type, text.Text{Zh: "模板中没有该索引", En: "the template has no such index"}, text.Text{Zh: "请按模板填写", En: "Follow the template"}})
			continue
		case v.Type != it.Name:
			out = append(out, &Fault{it.Name, v.Type, text.Text{Zh: "索引与类型不符", En: "index and type do not belong together"},
				text.Text{Zh: fmt.Sprintf("索引 %d 的类型为 %s", it.Index, it.Name), En: fmt.Sprintf("The type at index %d is %s", it.Index, it.Name)}})
			continue
		}
		there[v.Index] = true
		if it.Private && v.Permissions&(handle.PublicRead|handle.PublicWrite) != 0 {
			out = append(out, &Fault{it.Name, "", text.Text{Zh: "该属性不公开，权限却允许公众", En: "the item is private, and its permissions let everybody in"}, text.Text{Zh: "权限请用 1100", En: "Use the permissions 1100"}})
		}
		if _, fault := it.check(string(v.Data)); fault != nil {
			out = append(out, fault)
		}
	}
	for i := range t.Content.Items {
		if it := &t.Content.Items[i]; it.Required && !there[it.Index] {
			out = append(out, &Fault{it.Name, "", text.Text{Zh: "未填写", En: "is missing"}, text.Text{Zh: "请填写", En: "Fill it in"}})
		}
	}
	return out
}

// Bind returns values with those that say that they follow the template, and items without an index at their places.
func (t *Template) Bind(values []handle.Value) []handle.Value {
	out := make([]handle.Value, 0, len(values)+2)
	for _, v := range values {
		it := t.named(v.Type)
		if it != nil && v.Index == 0 {
			v.Index = it.Index
		}
		if it != nil && it.Private && v.Index == it.Index {
			v.Permissions &^= handle.PublicRead | handle.PublicWrite
		}
		if v.Index != indexTemplateID && v.Index != indexTemplate {
			out = append(out, v)
		}
	}
	fixed := func(index uint32, kind, data string) handle.Value {
		return handle.Value{Index: index, Type: kind, Data: []byte(data), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
	}
	return append(out, fixed(indexTemplateID, typeTemplateID, t.ID.String()), fixed(indexTemplate, typeTemplate, t.Version))
}

// versionIn is the template's version that a record names; "" where it follows none. The error is a *handle.Refusal.
func versionIn(values []handle.Value) (string, error) {
	version := ""
	for _, v := range values {
		switch {
		case v.Index == indexTemplateID && v.Type != typeTemplateID, v.Index == indexTemplate && v.Type != typeTemplate:
			return "", handle.Refuse(handle.InvalidValue, []uint32{v.Index}, "the indexes 1000 and 1001 are reserved for TEMPLATE_ID and TEMPLATE")
		case v.Index == indexTemplate:
			version = string(v.Data)
		}
	}
	return version, nil
}
