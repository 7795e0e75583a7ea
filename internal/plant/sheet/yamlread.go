package sheet

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// yamlReader walks the tree of a file. Every value is told with its line.
type yamlReader struct {
	rows   []Row
	faults []Fault
}

// readYAML reads a nested file. The library panics on some malformed input; the file comes from outside, so that is an
// unreadable file too.
func readYAML(data []byte) (rows []Row, faults []Fault, err error) {
	defer func() {
		if p := recover(); p != nil {
			rows, faults, err = nil, nil, table.Unreadable("不是可读的 YAML", "is not readable as YAML")
		}
	}()
	if !utf8.Valid(data) {
		return nil, nil, table.Unreadable("YAML 文件须为 UTF-8 编码", "a YAML file is written in UTF-8")
	}
	tokens := lexer.Tokenize(string(data))
	for _, t := range tokens {
		if t.Type == token.AnchorType || t.Type == token.AliasType || t.Type == token.MergeKeyType {
			return nil, nil, table.Unreadable("第 %d 行：不使用锚点和别名，请写全", "line %d: anchors and aliases are not used; write it out", t.Position.Line)
		}
	}
	tree, perr := parser.Parse(tokens, 0)
	if perr != nil {
		return nil, nil, table.Unreadable("不是可读的 YAML：%v", "is not readable as YAML: %v", firstLine(perr.Error()))
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, nil, table.Unreadable("文件应恰有一个 YAML 文档", "the file should hold one YAML document")
	}
	y := &yamlReader{}
	top, ok := y.mapping(tree.Docs[0].Body, "")
	if !ok {
		return nil, nil, table.Unreadable("文件应以 format: %s 开头，其下是 sites", "the file should begin with format: %s, and have sites below it", formatName)
	}
	for _, f := range top {
		switch f.name {
		case "format":
			if s, _ := y.text(f); s != formatName {
				return nil, nil, table.Unreadable("格式为 %q；本节点可读 %s", "the format is %q; this node reads %s", clip(s), formatName)
			}
		case "sites":
			y.list(f, "site", none)
		default:
			y.unknown(f, "format, sites")
		}
	}
	if len(y.rows) > maxRows {
		return nil, nil, table.Unreadable("文件超过 %d 项", "the file has more than %d items", maxRows)
	}
	return y.rows, y.faults, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return clip(s)
}

// field is one entry of a mapping.
type field struct {
	name string
	line int
	node ast.Node
}

func line(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1
	}
	return n.GetToken().Position.Line
}

func (y *yamlReader) bad(line int, column, value, code, zh, en, mendZh, mendEn string) {
	if len(y.faults) < maxFaults {
		y.faults = append(y.faults, fault("", line, column, value, code, zh, en, mendZh, mendEn))
	}
}

func (y *yamlReader) unknown(f field, known string) {
	y.bad(f.line, f.name, "", "field-unknown", "没有这个字段", "there is no such field", "可用："+known, "There are: "+known)
}

// mapping returns the entries of a mapping; ok is false when the node is none. A name that stands twice is told.
func (y *yamlReader) mapping(n ast.Node, column string) (out []field, ok bool) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		return nil, false
	}
	seen := map[string]bool{}
	for _, v := range values {
		f := field{name: v.Key.GetToken().Value, line: line(v.Key), node: v.Value}
		if seen[f.name] {
			y.bad(f.line, column+f.name, "", "field-twice", "这个字段写了两次", "this field is written twice", "请删去一个", "Delete one of them")
			continue
		}
		seen[f.name] = true
		out = append(out, f)
	}
	return out, true
}

// text returns a scalar as it is written; ok is false for lists and mappings. Nothing is the empty text.
func (y *yamlReader) text(f field) (s string, ok bool) {
	switch n := f.node.(type) {
	case nil, *ast.NullNode:
		return "", true
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		s = n.GetToken().Value
	default:
		y.bad(f.line, f.name, "", "field-shape", "应为一个值", "should be one value", "请写成 名称: 值", "Write name: value")
		return "", false
	}
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > maxCell || strings.ContainsFunc(s, control) {
		y.bad(f.line, f.name, s, "cell-characters", "过长，或含有控制字符", "is too long, or holds control characters", "请缩短或重新输入", "Shorten it or type it again")
		return "", false
	}
	return s, true
}

// list reads the items of a level.
func (y *yamlReader) list(f field, level string, parent int) {
	switch n := f.node.(type) {
	case nil, *ast.NullNode:
	case *ast.SequenceNode:
		for _, item := range n.Values {
			if len(y.rows) > maxRows {
				return
			}
			y.item(item, level, parent)
		}
	default:
		y.bad(f.line, f.name, "", "field-shape", "应为列表", "should be a list", "每项以 - 开头", "Begin each item with -")
	}
}

// governed are the columns that a YAML item of a level always has: what it does not say is the default.
var governed = map[bool][]Column{
	false: {NameZh, NameEn, Class},
	true:  {NameZh, NameEn, Key, Type, Unit, Address, Encoding, Order, Scale, Offset, Every, Report, MaxSilence, Values},
}

func (y *yamlReader) item(n ast.Node, level string, parent int) {
	fields, ok := y.mapping(n, "")
	if !ok {
		y.bad(line(n), level, "", "field-shape", "每一项应有 name 等字段", "each item has fields such as name", "请写成 - name: {zh: …, en: …}", "Write - name: {zh: …, en: …}")
		return
	}
	r := Row{Number: line(n), Level: level, Parent: parent}
	if len(fields) > 0 {
		r.Number = fields[0].line
	}
	if parent != none {
		r.cells[Site], r.cells[Area] = y.rows[parent].cells[Site], y.rows[parent].cells[Area]
		r.cells[Line], r.cells[Machine] = y.rows[parent].cells[Line], y.rows[parent].cells[Machine]
	}
	for _, c := range governed[level == "point"] {
		r.set(c, "")
	}
	at := len(y.rows)
	y.rows = append(y.rows, r)
	sound := true
	var below []field
	for _, f := range fields {
		sound = y.field(&y.rows[at], f, &below) && sound
	}
	own := &y.rows[at]
	if c, place := levelColumn[level]; place {
		own.cells[c] = text.Text{Zh: own.cells[NameZh], En: own.cells[NameEn]}.In("zh")
	}
	if !sound {
		own.Level = "" // told already; what stands in it is still looked at
	}
	for _, f := range below {
		for _, nest := range nests {
			if nest.field == f.name {
				y.list(f, nest.level, at)
			}
		}
	}
}

// field reads one field of an item into its row; lists of what stands in it are put aside.
func (y *yamlReader) field(r *Row, f field, below *[]field) bool {
	put := func(c Column, f field) bool {
		s, ok := y.text(f)
		r.set(c, s)
		r.lines[c] = int32(f.line)
		return ok
	}
	switch f.name {
	case "name":
		return y.name(f, func(lang string, part field) bool {
			if lang == "zh" {
				return put(NameZh, part)
			}
			return put(NameEn, part)
		})
	case "id":
		return put(ID, f)
	case "values":
		if r.Level == "point" {
			return y.values(r, f)
		}
	case "areas", "lines", "machines", "points":
		if r.Level != "point" {
			*below = append(*below, f)
			return true
		}
	case "class", "template":
		if r.Level == "machine" {
			return put(headings[f.name], f)
		}
	default:
		if c, ok := headings[plain(f.name)]; ok && r.Level == "point" && c >= Key && c.Field() == f.name {
			return put(c, f)
		}
	}
	known := "name, id, areas, lines, machines"
	switch r.Level {
	case "machine":
		known = "name, id, class, template, points"
	case "point":
		known = "key, name, id, type, unit, address, encoding, order, scale, offset, every, report, maxSilence, values"
	}
	y.unknown(f, known)
	return false
}

// name reads {zh: …, en: …}.
func (y *yamlReader) name(f field, put func(lang string, part field) bool) bool {
	parts, ok := y.mapping(f.node, "name.")
	if !ok {
		y.bad(f.line, "name", "", "field-shape", "名称应写成 {zh: …, en: …}", "a name is written {zh: …, en: …}", "请改写，缺一种语言可以不写", "Rewrite it; one language may be left out")
		return false
	}
	sound := true
	for _, p := range parts {
		if p.name != "zh" && p.name != "en" {
			y.unknown(p, "zh, en")
			sound = false
			continue
		}
		sound = put(p.name, p) && sound
	}
	return sound
}

// values reads [{value: 0, name: {zh: …}}] into the form of a cell.
func (y *yamlReader) values(r *Row, f field) bool {
	r.lines[Values] = int32(f.line)
	if _, empty := f.node.(*ast.NullNode); empty || f.node == nil {
		return true
	}
	list, ok := f.node.(*ast.SequenceNode)
	if !ok {
		y.bad(f.line, "values", "", "field-shape", "应为列表", "should be a list", "请写成 [{value: 0, name: {zh: …}}]", "Write [{value: 0, name: {zh: …}}]")
		return false
	}
	var out []template.Value
	sound := true
	for _, item := range list.Values {
		fields, ok := y.mapping(item, "values.")
		var v template.Value
		for _, part := range fields {
			switch part.name {
			case "value":
				s, _ := y.text(part)
				n, err := strconv.ParseInt(s, 10, 64)
				v.Value, ok = n, ok && err == nil
			case "name":
				ok = y.name(part, func(lang string, p field) bool {
					s, fine := y.text(p)
					if lang == "zh" {
						v.Name.Zh = s
					} else {
						v.Name.En = s
					}
					return fine
				}) && ok
			default:
				y.unknown(part, "value, name")
				sound = false
			}
		}
		if !ok {
			y.bad(line(item), "values", "", "field-shape", "应写成 {value: 整数, name: {zh: …}}", "should be {value: whole number, name: {zh: …}}", "请改正这一项", "Correct this item")
			sound = false
		}
		out = append(out, v)
	}
	r.cells[Values] = names(out)
	return sound
}
