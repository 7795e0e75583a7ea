package replay

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"jingwei/internal/plant/template"
)

// Flags adds --data and --epoch to a command. The function that it returns completes the source with them, once they are
// parsed.
func (s *Source) Flags(flags *pflag.FlagSet) (complete func() error) {
	dir := flags.String("data", "", "folder of recordings, one folder for each (default: those that ship with the product)")
	epoch := flags.String("epoch", "", "RFC 3339 time at which row 0 was shown first (default 2026-01-01T00:00:00Z)")
	return func() (err error) {
		if *dir != "" {
			s.Data = os.DirFS(*dir)
		}
		if *epoch != "" {
			if s.Epoch, err = time.Parse(time.RFC3339, *epoch); err != nil {
				return fmt.Errorf("epoch %q: write a time like 2026-01-01T00:00:00Z", *epoch)
			}
		}
		return nil
	}
}

// ParseNamed reads "name=template", "name=template@row" or "name=template@row*speed", as command lines take it:
// "2=cnc-mill-smart-testbed@500*2" is 500 rows ahead, twice as fast as recorded. find returns nil for a template that does
// not exist. What names are allowed is up to the protocol.
func ParseNamed(s string, find func(id string) *template.Template) (name string, p Part, err error) {
	name, id, ok := strings.Cut(s, "=")
	if !ok {
		return "", p, errors.New("there is no = between the name and the template")
	}
	id, speed, ok := strings.Cut(id, "*")
	if ok {
		if p.Speed, err = strconv.ParseFloat(speed, 64); err != nil || !(p.Speed > 0) || math.IsInf(p.Speed, 0) {
			return "", p, errors.New("the speed must be a number above 0")
		}
	}
	id, row, ok := strings.Cut(id, "@")
	if ok {
		n, err := strconv.ParseUint(row, 10, 32)
		if err != nil {
			return "", p, errors.New("the row must be a number from 0 on")
		}
		p.Start = int64(n)
	}
	if p.Template = find(id); p.Template == nil {
		return "", p, fmt.Errorf("there is no template %q", id)
	}
	return name, p, nil
}

// ParseAll reads machines by a protocol's parser. The error tells all that are wrong.
func ParseAll[T any](list []string, find func(id string) *template.Template, parse func(string, func(string) *template.Template) (T, error)) ([]T, error) {
	var out []T
	var wrong []error
	for _, s := range list {
		x, err := parse(s, find)
		out, wrong = append(out, x), append(wrong, err)
	}
	return out, errors.Join(wrong...)
}
