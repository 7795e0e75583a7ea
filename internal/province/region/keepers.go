package region

import (
	"context"
	"net/http"
)

// keepers says what the province, its cities and the park have figures of: their division, and what the policies want.
func (f *filler) keepers(ctx context.Context) error {
	scopes := map[string]string{Province: f.Region.Province.Divisions[0].Code}
	for i := range f.Region.Nodes {
		switch n := &f.Region.Nodes[i]; n.Kind {
		case "government":
			scopes[n.Key] = n.Division
		case "park":
			scopes[n.Key] = "" // wherever its enterprises lie
		}
	}
	for node, scope := range scopes {
		k, err := f.keeper(ctx, node)
		if err != nil {
			return err
		}
		var now struct {
			Version int64  `json:"version"`
			Scope   string `json:"scope"`
		}
		path := "/figure-keepers/" + k.org
		if err := k.get(ctx, path, &now); err != nil {
			return err
		}
		if now.Version > 0 {
			continue
		}
		if err := k.do(ctx, http.MethodPut, path, object{"basis": 0, "scope": scope, "adopted": f.Policies, "reason": "演示数据"}, nil); err != nil {
			return err
		}
	}
	return nil
}
