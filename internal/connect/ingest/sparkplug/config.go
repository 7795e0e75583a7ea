package sparkplug

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"jingwei/internal/kernel/text"
)

// Schema is the JSON Schema of Config, with titles and help in both languages.
//
//go:embed schema.json
var Schema []byte

// Config is what a source of kind sparkplug is configured with beside its transport.
type Config struct {
	// Host is this host application's identifier: it publishes its state as spBv1.0/STATE/{host}, for which edge nodes
	// with a primary host wait. "" publishes none.
	Host string `json:"host,omitempty"`
	// State22 also publishes STATE/{host} as ONLINE and OFFLINE, for edge nodes of Sparkplug 2.2.
	State22 bool `json:"state22,omitempty"`
	// Groups are the group identifiers that are taken; none means all.
	Groups []string `json:"groups,omitempty"`
	// ReorderMs is how long a missing message is waited for before the edge node is asked for its births: 0..60,000,
	// default 2,000. 0 is right where a broker keeps the order across topics, as the embedded one does.
	ReorderMs *int `json:"reorderMs,omitempty"`
	// Lenient takes messages as they come and trusts aliases whatever the sequence numbers say. It is for edge nodes that
	// count wrongly: if a birth was lost, values may be attributed to a wrong metric.
	Lenient bool `json:"lenient,omitempty"`
}

// FieldError says which field of a configuration is wrong, what stands there, and how to mend it.
type FieldError struct {
	Field, Value string
	Text         text.Text
}

// Error gives the English text.
func (e *FieldError) Error() string { return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Text.En) }

// ParseConfig reads a configuration, strictly, and fills in the defaults. The error is a *FieldError.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(bytes.TrimSpace(raw)) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return c, wrong("config", string(raw[:min(len(raw), 200)]), "配置有误："+err.Error(), "the configuration is wrong: "+err.Error())
		}
	}
	return c, c.check()
}

func (c *Config) check() error {
	if c.ReorderMs == nil {
		ms := 2000
		c.ReorderMs = &ms
	}
	if *c.ReorderMs < 0 || *c.ReorderMs > 60_000 {
		return wrong("reorderMs", fmt.Sprint(*c.ReorderMs), "应在 0 到 60000 毫秒之间", "must be within 0 and 60,000 milliseconds")
	}
	if !level(c.Host) && c.Host != "" {
		return wrong("host", c.Host, "应为 1 到 100 字节，不含 /、+、#", "wants 1 to 100 bytes without /, + and #")
	}
	if len(c.Groups) > 100 {
		return wrong("groups", fmt.Sprint(len(c.Groups)), "最多 100 个", "at most 100")
	}
	for _, g := range c.Groups {
		if !level(g) || g == "STATE" {
			return wrong("groups", g, "组名应为 1 到 100 字节，不含 /、+、#，且不是 STATE", "a group wants 1 to 100 bytes without /, + and #, and is not STATE")
		}
	}
	return nil
}

func wrong(field, value, zh, en string) error {
	return &FieldError{Field: field, Value: value, Text: text.Text{Zh: zh, En: en}}
}

// level tells whether a word can stand as one level of a topic.
func level(s string) bool { return s != "" && len(s) <= 100 && !strings.ContainsAny(s, "/+#\x00") }

func (c *Config) reorder() time.Duration {
	if c.Lenient {
		return 0 // numbers that are wrong say nothing about what is missing
	}
	return time.Duration(*c.ReorderMs) * time.Millisecond
}
