package atlas

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("maps")

// TileGrid is how the parts of a region are laid out.
type TileGrid struct {
	ID     string     `json:"id"`
	Region string     `json:"region" doc:"GB/T 2260; 000000 for the country"`
	Name   text.Text  `json:"name"`
	Source string     `json:"source"`
	Tiles  []GridTile `json:"tiles" nullable:"false"`
}

// GridTile is one part.
type GridTile struct {
	Code   string    `json:"code"`
	Name   text.Text `json:"name"`
	Column int       `json:"column" doc:"From 0"`
	Row    int       `json:"row" doc:"From 0, the uppermost first"`
}

// LoadedMap is a map that an organisation has loaded.
type LoadedMap struct {
	Region    string    `json:"region"`
	Review    string    `json:"review" doc:"Review number (审图号); it is shown beside the map wherever that is shown"`
	Source    string    `json:"source" doc:"Who gives it out"`
	Divisions int       `json:"divisions"`
	SHA256    string    `json:"sha256" doc:"Of the file, in hex"`
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	Outlines  []Outline `json:"outlines,omitempty"`
}

// Whose names the organisation whose maps are meant.
type Whose struct {
	Org uuid.UUID `query:"org" format:"uuid" required:"true"`
}

func view(m *Map) LoadedMap {
	return LoadedMap{m.Region, m.Review, m.Source, m.Divisions, m.SHA256, time.Unix(0, m.At).UTC(), m.By.Name, m.Outlines}
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, tag.Operation(http.MethodGet, "listTileGrids", "/tile-grids", "Arrangements of regions as tiles: schematics, no maps"),
		func(ctx context.Context, _ *struct{}) (*api.List[TileGrid], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			var out []TileGrid
			for _, x := range s.o.Arrangements {
				g := TileGrid{ID: x.ID, Region: x.Region, Name: x.Name, Source: x.Source}
				for _, t := range x.Tiles {
					g.Tiles = append(g.Tiles, GridTile{t.Code, t.Name, t.At[0], t.At[1]})
				}
				out = append(out, g)
			}
			return api.Listed(out, ""), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listMaps", "/maps", "Maps that an organisation has loaded, without their outlines"),
		func(ctx context.Context, in *Whose) (*api.List[LoadedMap], error) {
			list, err := s.Maps(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			var out []LoadedMap
			for i := range list {
				out = append(out, view(&list[i]))
			}
			return api.Listed(out, ""), nil
		})
	type one struct {
		Whose
		Region string `path:"region" pattern:"^[0-9]{6}$"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getMap", "/maps/{region}", "A map with its outlines"),
		func(ctx context.Context, in *one) (*struct{ Body LoadedMap }, error) {
			m, err := s.Map(ctx, in.Org, in.Region)
			if err != nil {
				return nil, err
			}
			return &struct{ Body LoadedMap }{view(&m)}, nil
		})
	type file struct {
		Whose
		Region  string `query:"region" required:"true" maxLength:"6" doc:"Whose parts the outlines are"`
		Review  string `query:"review" required:"true" maxLength:"60" doc:"Review number, such as GS(2019)1822号"`
		Source  string `query:"source" required:"true" maxLength:"200" doc:"Who gives it out"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	op := tag.Operation(http.MethodPost, "loadMap", "/maps", "Load a map with its review number in the place of the one that is there")
	op.Description = "The body is a GeoJSON FeatureCollection of at most 4 MiB; each feature is a Polygon or MultiPolygon in degrees and says its division, one just below the region, as the property code or adcode."
	op.MaxBodyBytes = MaxFile
	api.Register(a, op, func(ctx context.Context, in *file) (*struct{ Body LoadedMap }, error) {
		m, err := s.Load(ctx, Loaded{in.Org, in.Region, in.Review, in.Source, in.RawBody})
		if err != nil {
			return nil, err
		}
		m.Outlines = nil
		return &struct{ Body LoadedMap }{view(&m)}, nil
	})
	api.Register(a, tag.Operation(http.MethodDelete, "removeMap", "/maps/{region}", "Take a map away"),
		func(ctx context.Context, in *one) (*struct{}, error) { return nil, s.Remove(ctx, in.Org, in.Region) })
}
