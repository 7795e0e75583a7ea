package support

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

// shown writes an answer in words.
func shown(f *incentive.Fact, a Answer) text.Text {
	var v any
	if json.Unmarshal(a, &v) != nil {
		return text.Text{}
	}
	name := func(id string) text.Text {
		if i := slices.IndexFunc(f.Options, func(o incentive.Option) bool { return o.ID == id }); i >= 0 {
			return f.Options[i].Name
		}
		return text.Text{Zh: "以上都不是", En: "none of these"}
	}
	switch x := v.(type) {
	case bool:
		if x {
			return text.Text{Zh: "是", En: "yes"}
		}
		return text.Text{Zh: "否", En: "no"}
	case string:
		if f.Type == "date" {
			return text.Both(x)
		}
		return name(x)
	case float64:
		if f.Type == "money" {
			var n int64
			if json.Unmarshal(a, &n) != nil { // the integer as it was written, not the float
				return text.Text{}
			}
			return text.Text{Zh: ledger.Yuan(n) + " 元", En: ledger.Yuan(n) + " yuan"}
		}
		return text.Both(strings.TrimSpace(string(a)))
	case []any:
		if f.Type == "amounts" {
			return text.Text{Zh: fmt.Sprintf("%d 笔", len(x)), En: fmt.Sprintf("%d amounts", len(x))}
		}
		var zh, en []string
		for _, w := range x {
			n := name(fmt.Sprint(w))
			zh, en = append(zh, n.Zh), append(en, n.En)
		}
		if len(zh) == 0 {
			return text.Text{Zh: "无", En: "none"}
		}
		return text.Text{Zh: strings.Join(zh, "、"), En: strings.Join(en, ", ")}
	}
	return text.Text{}
}
