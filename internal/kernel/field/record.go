package field

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"jingwei/internal/kernel/text"
)

// Read reads a record from a JSON object. What is wrong is told, all of it; the record then holds what was well.
func (s Schema) Read(raw []byte) (Record, []*Fault) {
	record := text.Text{Zh: "内容", En: "Content"}
	if len(raw) > MaxRecord {
		return nil, []*Fault{{Name: record, Code: "length", Text: text.Text{Zh: fmt.Sprintf("有 %d 字节，最多 %d", len(raw), MaxRecord), En: fmt.Sprintf("has %d bytes; at most %d are taken", len(raw), MaxRecord)},
			Mend: text.Text{Zh: "请缩短", En: "Shorten it"}}}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v map[string]any
	err := d.Decode(&v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more follows")
		}
	}
	if err != nil || v == nil {
		return nil, []*Fault{{Name: record, Code: "type", Text: text.Text{Zh: "不是 JSON 对象", En: "is not a JSON object"}, Mend: text.Text{Zh: "请给出 {\"字段\": 值}", En: `Give {"field": value}`}}}
	}
	return s.read("", v)
}

func (s Schema) read(prefix string, v map[string]any) (Record, []*Fault) {
	out := Record{}
	var faults []*Fault
	for _, key := range sortedKeys(v) {
		if s.Field(key) == nil || strings.Contains(key, ".") {
			faults = append(faults, &Fault{Path: prefix + clip(key), Name: text.Both(clip(key)), Code: "unknown", Text: text.Text{Zh: "没有这个字段", En: "there is no such field"},
				Mend: text.Text{Zh: "可用字段：" + s.keys(), En: "There are: " + s.keys()}})
		}
	}
	for i := range s {
		f := &s[i]
		given, ok := v[f.Key]
		if text, isText := given.(string); ok && isText && strings.TrimSpace(text) == "" {
			given = nil // an empty box of a form
		}
		path := prefix + f.Key
		switch {
		case f.Calc != "":
			continue // worked out afterwards; what is given is compared by the room
		case given == nil:
			if f.Required {
				faults = append(faults, f.bad(path, "", "required", "未填写", "is missing", "请填写", "Fill it in"))
			}
		case f.Type == List:
			items, wrong := f.list(path, given)
			faults = append(faults, wrong...)
			if len(items) > 0 {
				out[f.Key] = items
			} else if f.Required && len(wrong) == 0 {
				faults = append(faults, f.bad(path, "", "required", "未填写", "is missing", "请填写", "Fill it in"))
			}
		default:
			c, fault := f.value(path, given)
			if fault != nil {
				faults = append(faults, fault)
			} else {
				out[f.Key] = c
			}
		}
	}
	return out, append(faults, s.order(prefix, out)...)
}

func (f *Field) list(path string, given any) ([]Record, []*Fault) {
	items, ok := given.([]any)
	if !ok {
		return nil, []*Fault{f.bad(path, "{…}", "type", "应为列表", "should be a list", "请给出 [ … ]", "Give [ … ]")}
	}
	if len(items) > f.items() {
		return nil, []*Fault{f.bad(path, len(items), "items", fmt.Sprintf("最多 %d 项", f.items()), fmt.Sprintf("at most %d items are taken", f.items()), "请减少", "Give fewer")}
	}
	var out []Record
	var faults []*Fault
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		object, ok := item.(map[string]any)
		if !ok {
			faults = append(faults, f.bad(at, "", "type", "应为对象", "should be an object", "请给出 { … }", "Give { … }"))
			continue
		}
		r, wrong := Schema(f.Fields).read(at+".", object)
		out, faults = append(out, r), append(faults, wrong...)
	}
	return out, faults
}

// order checks dates and times that come after others.
func (s Schema) order(prefix string, r Record) (faults []*Fault) {
	for i := range s {
		f := &s[i]
		if f.NotBefore == "" {
			continue
		}
		first := s.Field(f.NotBefore)
		a, ok1 := first.Instant(r[first.Key])
		b, ok2 := f.Instant(r[f.Key])
		if ok1 && ok2 && b < a {
			faults = append(faults, f.bad(prefix+f.Key, r[f.Key], "order", "早于"+first.Name.In("zh")+" "+shown(r[first.Key]), "lies before "+first.Name.In("en")+" "+shown(r[first.Key]),
				"请核对这两个日期", "Check the two dates"))
		}
	}
	return faults
}

// Encode writes the canonical JSON of a record: keys in order, no blanks, whole numbers in digits. The same record gives the
// same bytes on every machine.
func (r Record) Encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any(r)); err != nil {
		return []byte("{}") // canonical values always encode
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// Decode reads what Encode wrote, by the fields of a schema. Values of keys that the schema does not know are kept as JSON has
// them, so that records of an older version of a pack stay whole.
func (s Schema) Decode(b []byte) (Record, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("decode a record: %w", err)
	}
	return s.restore(v), nil
}

func (s Schema) restore(v map[string]any) Record {
	out := Record{}
	for key, x := range v {
		f := s.Field(key)
		switch x := x.(type) {
		case json.Number:
			if n, err := x.Int64(); err == nil {
				out[key] = n
				continue
			}
			out[key] = x.String()
		case []any:
			var items []Record
			var fields Schema
			if f != nil {
				fields = f.Fields
			}
			for _, item := range x {
				if m, ok := item.(map[string]any); ok {
					items = append(items, fields.restore(m))
				}
			}
			out[key] = items
		default:
			out[key] = x
		}
	}
	return out
}

// Visible is the part of a record that somebody who may see up to a class may see. base is the class of fields that name none.
func (s Schema) Visible(r Record, base, upTo Class) Record {
	out := Record{}
	for key, v := range r {
		class := base
		if f := s.Field(key); f == nil {
			class = Restricted // of an older version: nobody says any more who may see it
		} else if f.Class != "" {
			class = f.Class
		}
		if !class.Reaches(upTo) {
			continue
		}
		out[key] = v
	}
	return out
}

// Differences are the keys whose values differ, sorted.
func Differences(a, b Record) (keys []string) {
	for _, m := range []Record{a, b} {
		for key := range m {
			if !slices.Contains(keys, key) && !bytes.Equal((Record{"v": a[key]}).Encode(), (Record{"v": b[key]}).Encode()) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

func (s Schema) keys() string {
	out := make([]string, len(s))
	for i := range s {
		out[i] = s[i].Key
	}
	return strings.Join(out, ", ")
}

func sortedKeys(v map[string]any) []string {
	out := make([]string, 0, len(v))
	for k := range v {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
