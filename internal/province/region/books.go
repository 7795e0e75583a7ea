package region

import (
	"context"
	"fmt"
	"net/url"

	"jingwei/internal/kernel/text"
	"jingwei/internal/province/history"
)

// booksSource is by what the facts of books are known.
const booksSource = "books"

// books imports the facts of an enterprise, and says which of its meters are the main ones; how many facts.
func (f *filler) books(ctx context.Context, w *works) (facts int, err error) {
	err = f.once("books/"+w.Firm, func() error {
		list, err := f.written(w)
		if err != nil {
			return err
		}
		facts = len(list)
		return f.enter(ctx, w.Client, w.org, list)
	})
	return facts, err
}

// written are the books of an enterprise as facts.
func (f *filler) written(w *works) ([]history.Fact, error) {
	firm := f.Region.firm(w.Firm)
	b := w.Books
	b.Key, b.Name, b.Revenue, b.Employees = firm.Key, firm.Name.Zh, firm.Revenue*1000*100, firm.Employees
	var mains []*history.Machine
	var out []history.Fact
	for i := range w.Machines {
		m := &w.Machines[i]
		if !m.Main {
			continue
		}
		mains = append(mains, f.history(w, m))
		out = append(out, history.Fact{Kind: "declaration", ID: "main-meter/" + m.Key, Fields: [][2]string{
			{"item", "main-meter." + w.machines[m.Key].series[counter]}, {"begins", f.first().String()}, {"ends", f.day.AddMonths(60).String()}, {"value", "1"}, {"unit", "1"},
			{"remark", m.Name.Zh},
		}})
	}
	var parties []history.Party
	for i := range f.Region.Enterprises {
		if x := f.Region.firm(f.Region.Enterprises[i].Firm); x.Key != w.Firm {
			parties = append(parties, history.Party{Name: x.Name.Zh, Code: x.Code})
		}
	}
	list, err := f.library.Book(&b, mains, parties, f.day)
	return append(out, list...), err
}

// enter imports facts, a file a kind.
func (f *filler) enter(ctx context.Context, c *Client, org string, list []history.Fact) error {
	kinds, files, err := history.Files(list)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		var told struct {
			Applied bool `json:"applied"`
			Faults  []struct {
				Row     int       `json:"row"`
				Column  string    `json:"column"`
				Value   string    `json:"value"`
				Message text.Text `json:"message"`
			} `json:"faults"`
		}
		path := "/facts/import?format=csv&org=" + org + "&kind=" + url.QueryEscape(kind) + "&source=" + booksSource
		if err := c.file(ctx, path, files[kind], &told); err != nil {
			return err
		}
		if !told.Applied {
			return fmt.Errorf("the file of %s was not taken: %+v", kind, told.Faults[:min(len(told.Faults), 3)])
		}
	}
	return nil
}
