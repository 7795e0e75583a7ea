// Package text holds words that are data: names in packs, of machines and organisations, texts of conditions. They are
// kept in Chinese and English side by side, because every page and every answer exists in both.
package text

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is one wording in both languages. In JSON and YAML it is {"zh": "…", "en": "…"}; in SQL it is that JSON in one
// TEXT column.
type Text struct {
	Zh string `json:"zh" yaml:"zh" required:"false" doc:"Chinese (zh-CN)"`
	En string `json:"en" yaml:"en" required:"false" doc:"English"`
}

// Both is a name that is the same in both languages.
func Both(s string) Text { return Text{Zh: s, En: s} }

// In returns the wording for a language tag ("zh", "zh-CN", "en", …), and the other one where that is missing.
func (t Text) In(lang string) string {
	if strings.HasPrefix(strings.ToLower(lang), "zh") {
		return first(t.Zh, t.En)
	}
	return first(t.En, t.Zh)
}

// IsZero tells whether there are no words in either language.
func (t Text) IsZero() bool { return t.Zh == "" && t.En == "" }

// Check returns what is wrong with a name that somebody gave: both languages empty, longer than limit characters,
// not UTF-8, or holding control characters.
func (t Text) Check(limit int) error {
	if strings.TrimSpace(t.Zh) == "" && strings.TrimSpace(t.En) == "" {
		return fmt.Errorf("is empty; give it in zh or en, better in both")
	}
	for lang, s := range map[string]string{"zh": t.Zh, "en": t.En} {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%s is not valid UTF-8", lang)
		}
		if n := utf8.RuneCountInString(s); n > limit {
			return fmt.Errorf("%s has %d characters; at most %d fit", lang, n, limit)
		}
		if i := strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }); i >= 0 {
			return fmt.Errorf("%s holds the control character %q; remove it", lang, s[i])
		}
	}
	return nil
}

// Value writes the text as JSON (driver.Valuer).
func (t Text) Value() (driver.Value, error) {
	b, err := json.Marshal(t)
	return string(b), err
}

// Scan reads what Value wrote (sql.Scanner).
func (t *Text) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = Text{}
		return nil
	case string:
		return json.Unmarshal([]byte(v), t)
	case []byte:
		return json.Unmarshal(v, t)
	}
	return fmt.Errorf("a text column holds %T; want JSON", src)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
