package registry

import (
	"context"
	"slices"
	"strconv"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
)

// MaxExport bounds the identifiers of one export.
const MaxExport = 100_000

// Export writes what a query finds as a table that StartImport reads again: the identifier, a column for each item of the template that
// the query names, and one for each other index and type. Values that the caller may not see are left out, and so are those that are
// no text, and private ones that are no item.
// Errors: those of Find; ErrQuery where more is found than fits.
func (s *Service) Export(ctx context.Context, q Query, f table.Format, lang string) ([]byte, error) {
	_, p, err := s.prefixFor(ctx, auth.Read, q.Prefix, "query.prefix")
	if err != nil {
		return nil, err
	}
	sees := s.sightOf(ctx, &p)
	t := s.templateFor(p.Number, q.Asked)
	columns := map[string]int{}
	out := table.Out{Name: p.Name, Heading: []string{"identifier"}}
	if lang == "zh" {
		out.Heading = []string{"标识"}
	}
	column := func(name string) int {
		at, ok := columns[name]
		if !ok {
			at = len(out.Heading)
			columns[name] = at
			out.Heading = append(out.Heading, name)
		}
		return at
	}
	if t != nil {
		for i := range t.Content.Items {
			column(t.Content.Items[i].heading(lang))
		}
	}
	err = store.Each(func(page store.Page) ([]Version, string, error) { return s.Find(ctx, q, page) }, func(v Version) error {
		if len(out.Rows) == MaxExport {
			return ErrQuery.At("query", q.Prefix).With("reason", "more than "+strconv.Itoa(MaxExport)+" identifiers are found")
		}
		values, err := v.Values()
		if err != nil {
			return err
		}
		row := []string{string(v.Name)}
		for i := range values {
			x := &values[i]
			if !sees.sees(x) || !plainText(x.Data) || x.Index == indexTemplate || x.Index == indexTemplateID {
				continue
			}
			name := strconv.FormatUint(uint64(x.Index), 10) + " " + x.Type
			it := (*TemplateItem)(nil)
			if t != nil {
				it = t.item(x.Index)
			}
			if it != nil {
				name = it.heading(lang)
			} else if x.Permissions&handle.PublicRead == 0 {
				continue // a table says nothing of permissions: read again, the value would be public
			}
			at := column(name)
			row = append(row, slices.Repeat([]string{""}, max(0, at+1-len(row)))...)
			row[at] = string(x.Data)
		}
		out.Rows = append(out.Rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, row := range out.Rows {
		out.Rows[i] = append(row, slices.Repeat([]string{""}, len(out.Heading)-len(row))...)
	}
	return table.Write(f, out)
}

// heading names an item in a table.
func (it *TemplateItem) heading(lang string) string {
	if label := it.Label.In(lang); label != "" {
		return label
	}
	return it.Name
}

// sightOf is which values the caller sees: those of administrators who may change identifiers, else those of everybody.
func (s *Service) sightOf(ctx context.Context, p *Prefix) sight {
	if _, err := auth.Allow(ctx, auth.Operate, p.Org); err != nil {
		return publicSight
	}
	return adminSight
}

// fileName names an export.
func fileName(p string, now time.Time) string { return p + "-" + now.Format(time.DateOnly) }
