package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Bytes is a size. It is written as a number with B, KiB, MiB, GiB, TiB (powers of 1024) or kB, MB, GB, TB (powers of
// 1000); a bare number is bytes.
type Bytes int64

var binary = []struct {
	unit string
	size int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

var decimal = []struct {
	unit string
	size int64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

func (b Bytes) String() string {
	for _, u := range binary {
		if b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.unit
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// ParseBytes reads a size.
func ParseBytes(s string) (Bytes, error) {
	number, size := strings.TrimSpace(s), int64(1)
	for _, u := range append(binary, decimal...) {
		if rest, ok := strings.CutSuffix(number, u.unit); ok {
			number, size = strings.TrimSpace(rest), u.size
			break
		}
	}
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil || v < 0 || v > (1<<63-1)/size {
		return 0, fmt.Errorf("is not a size; write a whole number with B, KiB, MiB, GiB or TiB, such as 4GiB")
	}
	return Bytes(v * size), nil
}

// set parses a value into a field.
func set(field any, s string) error {
	switch f := field.(type) {
	case *string:
		*f = s
	case *bool:
		v, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("want true or false")
		}
		*f = v
	case *int64:
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return fmt.Errorf("want a whole number")
		}
		*f = v
	case *Bytes:
		v, err := ParseBytes(s)
		if err != nil {
			return err
		}
		*f = v
	case *time.Duration:
		v, err := time.ParseDuration(s)
		if err != nil || v < 0 {
			return fmt.Errorf("want a duration such as 500ms, 30s or 2h")
		}
		*f = v
	case *slog.Level:
		switch strings.ToLower(s) {
		case "debug", "info", "warn", "error":
			return f.UnmarshalText([]byte(s))
		}
		return fmt.Errorf("want debug, info, warn or error")
	case *[]string:
		*f = nil
		for _, v := range strings.Split(s, ",") {
			if v = strings.TrimSpace(v); v != "" {
				*f = append(*f, v)
			}
		}
	default:
		panic(fmt.Sprintf("config: a field of type %T has no parser", field))
	}
	return nil
}

// show writes a field as it could be given.
func show(field any) string {
	switch f := field.(type) {
	case *string:
		return *f
	case *bool:
		return strconv.FormatBool(*f)
	case *int64:
		return strconv.FormatInt(*f, 10)
	case *Bytes:
		return f.String()
	case *time.Duration:
		return f.String()
	case *slog.Level:
		return strings.ToLower(f.String())
	case *[]string:
		return strings.Join(*f, ",")
	}
	panic(fmt.Sprintf("config: a field of type %T cannot be shown", field))
}
