package trace

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api"
)

// resource is a top-level resource of EPCIS: the values of one dimension, and the events that have one.
type resource struct {
	path, one, id string
	kind          int64 // in trace_used; -1: identifiers of things
	parameter     string
	vocabulary    *epcis.Vocabulary
}

var resources = []resource{
	{"/eventTypes", "eventType", "EventTypes", 0, "eventType", nil},
	{"/epcs", "epc", "Epcs", -1, "MATCH_anyEPC", nil},
	{"/bizSteps", "bizStep", "BizSteps", 1, "EQ_bizStep", &epcis.Steps},
	{"/dispositions", "disposition", "Dispositions", 2, "EQ_disposition", &epcis.Dispositions},
	{"/readPoints", "readPoint", "ReadPoints", 3, "EQ_readPoint", nil},
	{"/bizLocations", "bizLocation", "BizLocations", 4, "EQ_bizLocation", nil},
}

// Collection lists the values of a resource.
type Collection struct {
	Context string   `json:"@context"`
	Type    string   `json:"type"`
	Members []string `json:"member" nullable:"false"`
}

func (s *Service) resourceRoutes(a *api.Server) {
	type list struct {
		PerPage int    `query:"perPage" minimum:"1" maximum:"1000" default:"30"`
		Token   string `query:"nextPageToken" maxLength:"40"`
	}
	type output struct {
		Link string `header:"Link"`
		Body Collection
	}
	for _, r := range resources {
		api.Register(a, op(http.MethodGet, "listEpcis"+r.id, r.path, "Values of "+r.one+" that events in sight have"), func(ctx context.Context, in *list) (*output, error) {
			var after int64
			if in.Token != "" {
				n, err := strconv.ParseInt(in.Token, 10, 64)
				if err != nil || n <= 0 {
					return nil, ErrPageToken.At("query.nextPageToken", in.Token)
				}
				after = n
			}
			v, err := s.sight(ctx)
			if err != nil {
				return nil, err
			}
			values, next, err := s.values(ctx, v, r, after, in.PerPage)
			if err != nil {
				return nil, err
			}
			out := &output{Body: Collection{epcis.Context, "Collection", values}}
			if next > 0 {
				out.Link = nextLink(r.path, "perPage="+strconv.Itoa(in.PerPage)+"&nextPageToken="+strconv.FormatInt(next, 10))
			}
			return out, nil
		})
		s.findRoute(a, "list"+"EpcisEventsOf"+r.id, r.path+"/{value}/events", "Events with a "+r.one, func(_ context.Context, in *EventsInput) (Params, error) {
			return Params{r.parameter: {in.value}}, nil
		})
	}
}

// values lists the values of a resource from after a number on.
func (s *Service) values(ctx context.Context, v Sight, r resource, after int64, limit int) (out []string, next int64, err error) {
	out = []string{}
	var nums []int64
	collect := func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		nums = append(nums, n)
		return err
	}
	if r.kind < 0 {
		roles := numbers([]int64{int64(RoleEPC), int64(RoleParent), int64(RoleChild), int64(RoleInput), int64(RoleOutput)})
		err = eachRow(ctx, s.l.raw(), fmt.Sprintf(`SELECT n.num FROM trace_names n WHERE n.num > %d AND EXISTS (SELECT 1 FROM trace_links l JOIN trace_events e ON e.num = l.event
			WHERE l.name = n.num AND l.role IN (%s) AND %s) ORDER BY n.num LIMIT %d`, after, roles, v.condition("e"), limit+1), nil, collect)
	} else {
		// What others share of their vocabulary is seen in the events themselves; the list is of one's own.
		err = eachRow(ctx, s.l.raw(), fmt.Sprintf("SELECT DISTINCT u.name FROM trace_used u WHERE u.kind = %d AND u.name > %d AND %s ORDER BY u.name LIMIT %d",
			r.kind, after, v.own("u.org"), limit+1), nil, collect)
	}
	if err != nil {
		return nil, 0, wrap("list values", err)
	}
	if len(nums) > limit {
		nums = nums[:limit]
		next = nums[limit-1]
	}
	if r.kind == 0 {
		for _, n := range nums {
			for t, k := range kinds {
				if k == n {
					out = append(out, string(t))
				}
			}
		}
		return out, next, nil
	}
	names, err := s.l.spell(ctx, s.l.raw(), nums)
	for _, n := range nums {
		name := names[n]
		if r.vocabulary != nil {
			name = r.vocabulary.Short(name)
		}
		out = append(out, name)
	}
	if r.vocabulary != nil {
		slices.Sort(out)
	}
	return out, next, err
}
