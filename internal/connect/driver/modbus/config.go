package modbus

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/connect/driver"
)

// schema is the JSON Schema of Config, with titles and help in both languages.
//
//go:embed schema.json
var schema []byte

// Config is the configuration of a link: one TCP connection with many units behind it.
type Config struct {
	driver.Common

	Address     string `json:"address"`               // host or host:port; the port defaults to 502
	Unit        int    `json:"unit,omitempty"`        // of points that name none; 0..255, default 1
	Order       string `json:"order,omitempty"`       // of numbers, where a point names none; default ABCD
	StringOrder string `json:"stringOrder,omitempty"` // of strings and bytes; default AB

	MaxRegisters int      `json:"maxRegisters,omitempty"` // in one request; 1..125, default 125. 1 means one request per field
	MaxBits      int      `json:"maxBits,omitempty"`      // in one request; 1..2000, default 2000
	MaxGap       *int     `json:"maxGap,omitempty"`       // registers read in vain to save a request; 0..124, default 16
	MaxBitGap    *int     `json:"maxBitGap,omitempty"`    // the same for bits; 0..1999, default 256
	BitStart     int      `json:"bitStart,omitempty"`     // requests for bits start at a multiple of this; 1..256, default 1
	BitsFromZero bool     `json:"bitsFromZero,omitempty"` // requests for bits always start at 0
	Avoid        []string `json:"avoid,omitempty"`        // ranges never read across: "holding:2000-2009"

	ResponseTimeoutMs   int  `json:"responseTimeoutMs,omitempty"`   // 20..60,000, default 1,000
	PauseAfterConnectMs int  `json:"pauseAfterConnectMs,omitempty"` // 0..60,000
	RequestIntervalMs   int  `json:"requestIntervalMs,omitempty"`   // least pause from an answer to the next request, 0..60,000
	CloseAfterPoll      bool `json:"closeAfterPoll,omitempty"`      // for devices with one connection to give

	avoid []span
}

// DefaultPort of Modbus TCP.
const DefaultPort = "502"

// ParseConfig reads a link's configuration, strictly, and fills in the defaults. The error is a *driver.FieldError.
func ParseConfig(link json.RawMessage) (Config, error) {
	c := Config{Unit: 1}
	d := json.NewDecoder(bytes.NewReader(link))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, &driver.FieldError{Field: "config", Value: string(link[:min(len(link), 200)]), Err: err, Text: driver.Text{
			Zh: "连接配置有误：" + err.Error(), En: "the link's configuration is wrong: " + err.Error()}}
	}
	return c.withDefaults()
}

func (c Config) withDefaults() (Config, error) {
	var err error
	if c.Common, err = c.Common.WithDefaults(); err != nil {
		return c, err
	}
	if c.Address, err = endpoint(c.Address); err != nil {
		return c, err
	}
	if c.Unit < 0 || c.Unit > 255 {
		return c, &driver.FieldError{Field: "unit", Value: strconv.Itoa(c.Unit), Text: driver.Text{
			Zh: "站号应为 0 到 255", En: "the unit number must be within 0 and 255"}}
	}
	gap, bitGap := 16, 256
	if c.MaxGap == nil {
		c.MaxGap = &gap
	}
	if c.MaxBitGap == nil {
		c.MaxBitGap = &bitGap
	}
	for _, f := range []struct {
		name          string
		at            *int
		min, max, def int
	}{
		{"maxRegisters", &c.MaxRegisters, 1, MaxRegisters, MaxRegisters},
		{"maxBits", &c.MaxBits, 1, MaxBits, MaxBits},
		{"maxGap", c.MaxGap, 0, MaxRegisters - 1, 0},
		{"maxBitGap", c.MaxBitGap, 0, MaxBits - 1, 0},
		{"bitStart", &c.BitStart, 1, 256, 1},
		{"responseTimeoutMs", &c.ResponseTimeoutMs, 20, 60_000, 1_000},
		{"pauseAfterConnectMs", &c.PauseAfterConnectMs, 0, 60_000, 0},
		{"requestIntervalMs", &c.RequestIntervalMs, 0, 60_000, 0},
	} {
		if err := driver.Range(f.name, f.at, f.min, f.max, f.def); err != nil {
			return c, err
		}
	}
	if _, err := parseOrder("order", c.Order, false, order{}); err != nil {
		return c, err
	}
	if _, err := parseOrder("stringOrder", c.StringOrder, true, order{}); err != nil {
		return c, err
	}
	c.avoid = nil
	for _, s := range c.Avoid {
		a, err := ParseSpan(s)
		if err != nil {
			return c, err
		}
		c.avoid = append(c.avoid, span(a))
	}
	return c, nil
}

// endpoint fills in the port.
func endpoint(address string) (string, error) {
	bad := &driver.FieldError{Field: "address", Value: address, Text: driver.Text{
		Zh: "请写设备的地址，例如 192.168.1.10 或 192.168.1.10:502", En: "give the device's address, like 192.168.1.10 or 192.168.1.10:502"}}
	address = strings.TrimSpace(address)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), DefaultPort
		if strings.Contains(host, ":") && net.ParseIP(host) == nil {
			return "", bad
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" || strings.ContainsAny(host, " /") {
		return "", bad
	}
	return net.JoinHostPort(host, port), nil
}

// Span is a range of addresses in one area.
type Span struct {
	Area       Area
	Start, End int // [Start, End)
}

type span = Span

// ParseSpan reads "holding:2000-2009" or "42001-42010" (both ends included), or a single address. The error is a *driver.FieldError.
func ParseSpan(s string) (Span, error) {
	from, to, ranged := strings.Cut(s, "-")
	a, err := ParseAddress(from)
	if err != nil {
		return Span{}, err
	}
	out := Span{a.Area, a.Number, a.Number + 1}
	if !ranged {
		return out, nil
	}
	to = strings.TrimSpace(to)
	last := a.Number - 1
	if n, err := strconv.ParseUint(to, 10, 16); err == nil && strings.Contains(from, ":") {
		last = int(n)
	} else if b, err := ParseAddress(to); err == nil && b.Area == a.Area {
		last = b.Number
	}
	if last < a.Number {
		return Span{}, addressError(s, "范围应写成 holding:2000-2009 或 42001-42010", "write a range as holding:2000-2009 or 42001-42010")
	}
	out.End = last + 1
	return out, nil
}

// String is the form that ParseSpan reads.
func (s Span) String() string { return fmt.Sprintf("%v:%d-%d", s.Area, s.Start, s.End-1) }

func (c *Config) responseTimeout() time.Duration {
	return time.Duration(c.ResponseTimeoutMs) * time.Millisecond
}
func (c *Config) pauseAfterConnect() time.Duration {
	return time.Duration(c.PauseAfterConnectMs) * time.Millisecond
}
func (c *Config) requestInterval() time.Duration {
	return time.Duration(c.RequestIntervalMs) * time.Millisecond
}
