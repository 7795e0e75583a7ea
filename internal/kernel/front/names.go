package front

import (
	"fmt"
	"slices"
	"strings"
)

// Names makes Options.Cell: <cell>.<domain> for each of the cells and domains, and exact names of cells. Host names are
// compared without case. Errors name a domain or name that is none, and a cell that is not in the list.
func Names(cells, domains []string, exact map[string]string) (func(serverName string) (cell string, ok bool), error) {
	known := map[string]string{}
	for _, d := range domains {
		d = strings.ToLower(d)
		if !hostName(d) {
			return nil, fmt.Errorf("front: %q is not a domain; want a host name such as jingwei.example.com", d)
		}
		for _, c := range cells {
			known[c+"."+d] = c
		}
	}
	for name, c := range exact {
		if !hostName(strings.ToLower(name)) {
			return nil, fmt.Errorf("front: %q is not a host name", name)
		}
		if !slices.Contains(cells, c) {
			return nil, fmt.Errorf("front: the name %s is of the cell %q, which is not one of %s", name, c, strings.Join(cells, ", "))
		}
		if other, twice := known[strings.ToLower(name)]; twice && other != c {
			return nil, fmt.Errorf("front: the name %s is of the cells %s and %s", name, other, c)
		}
		known[strings.ToLower(name)] = c
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("front: there are no names by which clients reach cells; give a domain")
	}
	return func(name string) (string, bool) {
		c, ok := known[strings.ToLower(name)]
		return c, ok
	}, nil
}

func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
