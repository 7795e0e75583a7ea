package rest

import (
	"net/http"
	"strconv"

	"jingwei/internal/identify/handle"
)

// page is the body of a list.
type page struct {
	ResponseCode handle.Code   `json:"responseCode"`
	Prefix       string        `json:"prefix,omitempty"`
	TotalCount   int           `json:"totalCount"`
	Page         int           `json:"page"`
	PageSize     int           `json:"pageSize"`
	Handles      []handle.Name `json:"handles,omitempty"`
	Prefixes     []handle.Name `json:"prefixes,omitempty"`
}

// maxPage is how many handles one answer may have when the client asks for all.
const maxPage = 100_000

// list answers GET /api/handles?prefix=&page=&pageSize=. Pages count from 0; pageSize 0 asks for the count alone; without
// either all are meant, of which at most maxPage are given.
func (a *API) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	prefix := query.Get("prefix")
	by, err := a.who(r)
	if r.Method != http.MethodGet || prefix == "" {
		http.Error(w, "GET with ?prefix", http.StatusBadRequest)
		return
	}
	if err != nil {
		a.refuse(w, r, "", err)
		return
	}
	name := handle.PrefixHandle(prefix)
	if _, ok := handle.Name(prefix).OfPrefix(); ok {
		name = handle.Name(prefix)
	}
	p := page{ResponseCode: handle.Success, Prefix: prefix, Page: number(query.Get("page")), PageSize: number(query.Get("pageSize")), Handles: []handle.Name{}}
	if p.TotalCount, err = a.config.Processor.Count(r.Context(), by, name); err != nil {
		a.refuse(w, r, "", err)
		return
	}
	skip, want := p.Page*p.PageSize, p.PageSize
	if p.Page < 0 || p.PageSize < 0 {
		skip, want = 0, maxPage
		p.Page, p.PageSize = 0, p.TotalCount
	}
	after := ""
	for want > 0 && skip < p.TotalCount {
		names, err := a.config.Processor.List(r.Context(), by, name, after, handle.MaxList)
		if err != nil {
			a.refuse(w, r, "", err)
			return
		}
		if len(names) == 0 {
			break
		}
		after = names[len(names)-1].Key()
		if skip >= len(names) {
			skip -= len(names)
			continue
		}
		names = names[skip:]
		skip = 0
		p.Handles = append(p.Handles, names[:min(want, len(names))]...)
		want -= min(want, len(names))
	}
	write(w, r, http.StatusOK, p)
}

// number is a page or its size; -1 when it is missing, negative or no number, which all mean "all". Sizes are bounded.
func number(s string) int {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return -1
	}
	return int(min(n, maxPage))
}

// prefixes answers GET /api/prefixes: those homed here, for the server's operators.
func (a *API) prefixes(w http.ResponseWriter, r *http.Request) {
	by, err := a.who(r)
	if err != nil {
		a.refuse(w, r, "", err)
		return
	}
	names, err := a.config.Processor.Homed(r.Context(), by)
	if err != nil {
		a.refuse(w, r, "", err)
		return
	}
	write(w, r, http.StatusOK, page{ResponseCode: handle.Success, TotalCount: len(names), PageSize: len(names), Prefixes: names})
}
