package calendar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"jingwei/internal/kernel/text"
)

// Fault is one thing wrong with a definition.
type Fault struct {
	Field string // "patterns[0].shifts[2].start"; "" for the document
	Value string
	Text  text.Text // what is wrong and how to mend it
}

// Faults are all that is wrong; the error of Parse and New.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = strings.TrimSpace(strings.Join([]string{x.Field, strconv.Quote(x.Value), x.Text.En}, " "))
	}
	return strings.Join(lines, "\n")
}

func unreadable(what string) Faults {
	return Faults{{Text: text.Text{Zh: "无法读取：" + what, En: "cannot be read: " + what}}}
}

// Parse reads a calendar in JSON or YAML. Fields that are unknown or given twice are errors. Error: Faults.
func Parse(data []byte) (Calendar, error) {
	d, err := Decode(data)
	if err != nil {
		return Calendar{}, err
	}
	return New(d)
}

// Decode reads a definition without judging it. Error: Faults.
func Decode(data []byte) (d Definition, err error) {
	if len(data) > MaxDocument {
		return d, Faults{{Value: fmt.Sprint(len(data)), Text: text.Text{
			Zh: fmt.Sprintf("文件有 %d 字节，最多 %d；请删去过去多年的例外日期", len(data), MaxDocument),
			En: fmt.Sprintf("has %d bytes, at most %d fit; leave out exceptions of years long gone", len(data), MaxDocument)}}}
	}
	if b := bytes.TrimLeft(data, " \t\r\n"); len(b) > 0 && b[0] == '{' {
		err = decodeJSON(data, &d)
	} else {
		err = decodeYAML(data, &d)
	}
	return d, err
}

func decodeJSON(data []byte, d *Definition) error {
	r := json.NewDecoder(bytes.NewReader(data))
	r.DisallowUnknownFields()
	err := r.Decode(d)
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &typed):
		return Faults{{Field: typed.Field, Value: typed.Value, Text: text.Text{
			Zh: fmt.Sprintf("类型不对，应为 %s", typed.Type), En: fmt.Sprintf("is of the wrong kind; want %s", typed.Type)}}}
	case err != nil:
		return unreadable(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return unreadable("more follows after the calendar")
	}
	return twice(json.NewDecoder(bytes.NewReader(data)), "")
}

// twice refuses objects that give a field twice: readers differ in which one they take.
func twice(r *json.Decoder, path string) error {
	t, err := r.Token()
	if err != nil {
		return unreadable(err.Error())
	}
	switch t {
	case json.Delim('{'):
		seen := map[string]bool{}
		for r.More() {
			key, err := r.Token()
			if err != nil {
				return unreadable(err.Error())
			}
			name, _ := key.(string)
			at := strings.TrimPrefix(path+"."+name, ".")
			if folded := strings.ToLower(name); seen[folded] {
				return Faults{{Field: at, Text: text.Text{Zh: "重复填写，请只保留一项", En: "is given twice; keep one"}}}
			} else {
				seen[folded] = true
			}
			if err := twice(r, at); err != nil {
				return err
			}
		}
	case json.Delim('['):
		for i := 0; r.More(); i++ {
			if err := twice(r, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	_, err = r.Token() // the end of the object or list
	if err != nil {
		return unreadable(err.Error())
	}
	return nil
}

func decodeYAML(data []byte, d *Definition) (err error) {
	defer func() {
		if r := recover(); r != nil { // the parser's own faults are not ours to pass on
			*d, err = Definition{}, unreadable(fmt.Sprint(r))
		}
	}()
	for _, t := range lexer.Tokenize(string(data)) {
		if t.Type == token.AnchorType || t.Type == token.AliasType || t.Type == token.MergeKeyType {
			return unreadable("anchors and aliases are not used in calendars; write it out")
		}
	}
	r := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := r.Decode(d); err != nil {
		var y yaml.Error
		if errors.As(err, &y) {
			what := y.GetMessage()
			if t := y.GetToken(); t != nil && t.Position != nil {
				what = fmt.Sprintf("line %d: %s", t.Position.Line, what)
			}
			return unreadable(what)
		}
		if errors.Is(err, io.EOF) {
			return unreadable("it is empty")
		}
		return unreadable(err.Error())
	}
	var more any
	if err := r.Decode(&more); !errors.Is(err, io.EOF) {
		return unreadable("more follows after the calendar")
	}
	return nil
}
