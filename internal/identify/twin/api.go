package twin

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/mirror"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

//go:embed texts
var texts embed.FS

const tag api.Tag = "twins"

// Routes adds the AAS API of every organisation, the operations on twins of the plant, and product passports.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	a.HandleBounded(Prefix, s.Handler())
	a.HandleBounded(PassportPrefix, s.PassportHandler())
	a.Live().Add(changes{s})
	s.twinRoutes(a)
	s.passportRoutes(a)
}

// Twin is the twin of a thing of the plant.
type Twin struct {
	Thing     uuid.UUID      `json:"thing" format:"uuid"`
	Org       uuid.UUID      `json:"org" format:"uuid"`
	ID        string         `json:"id" doc:"Of its shell"`
	AssetIDs  []aas.AssetID  `json:"assetIds" nullable:"false" doc:"Under which its asset is known"`
	Base      string         `json:"base" doc:"Path of the AAS API of its organisation"`
	Submodels []TwinSubmodel `json:"submodels" nullable:"false"`
}

// TwinSubmodel is one submodel of a twin, as values.
type TwinSubmodel struct {
	ID       string         `json:"id"`
	IDShort  string         `json:"idShort,omitempty"`
	Semantic string         `json:"semantic,omitempty" doc:"Its semantic id"`
	Computed bool           `json:"computed" doc:"Worked out from the plant model"`
	Version  int64          `json:"version,omitempty" doc:"Of what an organisation has put in or beside; absent where it has put nothing"`
	At       *time.Time     `json:"at,omitempty" doc:"When that was"`
	By       string         `json:"by,omitempty" doc:"Who did that"`
	Value    map[string]any `json:"value" doc:"Value-only form (IDTA-01002)"`
}

// TwinVersion is one version of what was put in or beside.
type TwinVersion struct {
	Kind    Kind        `json:"kind"`
	ID      string      `json:"id"`
	Version int64       `json:"version"`
	At      time.Time   `json:"at"`
	By      audit.Actor `json:"by"`
	Reason  string      `json:"reason,omitempty"`
	Deleted bool        `json:"deleted,omitempty"`
}

func (s *Service) twinRoutes(a *api.Server) {
	type input struct {
		api.ByID
		At time.Time `query:"at" doc:"As it was at this time; now where it is left out"`
	}
	type output struct{ Body Twin }
	api.Register(a, tag.Operation(http.MethodGet, "getTwin", "/twins/{id}", "The twin of a site, area, line or machine, with its submodels as values"),
		func(ctx context.Context, in *input) (*output, error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			v, err := s.view(ctx, scope, in.ID, in.At)
			return &output{v}, err
		})

	type historyInput struct {
		api.ByID
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listTwinVersions", "/twins/{id}/versions", "What organisations have put beside the plant model for a thing, the newest first"),
		func(ctx context.Context, in *historyInput) (*api.List[TwinVersion], error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			out, err := s.versions(ctx, scope, in.ID, in.Page().Rows())
			return api.Listed(out, ""), err
		})

	type proofInput struct {
		Org     uuid.UUID `query:"org" format:"uuid" required:"true"`
		Kind    string    `query:"documentKind" enum:"shell,submodel,concept-description,shell-descriptor,submodel-descriptor" required:"true"`
		ID      string    `query:"document" maxLength:"2000" required:"true"`
		Version int64     `query:"version" minimum:"1" required:"true"`
	}
	type proofOutput struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	prove := tag.Operation(http.MethodGet, "getTwinProof", "/twin-proofs", "The proof that a version is in the node's evidence log, as a file")
	prove.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	api.Register(a, prove,
		func(ctx context.Context, in *proofInput) (*proofOutput, error) {
			scope, err := auth.Allow(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			p, err := s.Prove(ctx, scope, Kind(in.Kind), in.ID, in.Version)
			if err != nil {
				return nil, err
			}
			b, err := p.Encode()
			return &proofOutput{"application/json", b}, err
		})

	type describedOutput struct {
		ContentType string `header:"Content-Type"`
		Body        map[string]any
	}
	api.Register(a, tag.Operation(http.MethodGet, "getThingDescription", "/twins/{id}/thing-description", "A machine as a WoT Thing Description 1.1"),
		func(ctx context.Context, in *api.ByID) (*describedOutput, error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			td, err := s.ThingDescription(ctx, scope, in.ID)
			return &describedOutput{"application/td+json", td}, err
		})
}

// ThingDescription describes a machine for the Web of Things. Error: store.ErrNotFound.
func (s *Service) ThingDescription(ctx context.Context, scope auth.Scope, machine uuid.UUID) (map[string]any, error) {
	t, err := s.thing(ctx, scope, machine, time.Time{}, true)
	if err != nil {
		return nil, err
	}
	return mirror.ThingDescriptionOf(t, Prefix+t.Node.Org.String()+Suffix), nil
}

func (s *Service) view(ctx context.Context, scope auth.Scope, thing uuid.UUID, at time.Time) (Twin, error) {
	shell, err := s.Document(ctx, scope, aas.Shell, mirror.ID(thing, mirror.Shell), at)
	if err != nil {
		return Twin{}, err
	}
	v := Twin{Thing: thing, Org: shell.Org, ID: shell.ID, AssetIDs: aas.AssetIDs(shell.Tree), Base: Prefix + shell.Org.String() + Suffix, Submodels: []TwinSubmodel{}}
	for _, id := range aas.Submodels(shell.Tree) {
		d, err := s.Document(ctx, scope, aas.Submodel, id, at)
		if err := unlessMissing(err); err != nil {
			return Twin{}, err
		}
		if err != nil {
			continue // another server has it
		}
		v.Submodels = append(v.Submodels, submodelOf(&d))
	}
	return v, nil
}

func submodelOf(d *Document) TwinSubmodel {
	value, _ := aas.Value(d.Tree, aas.Shape{})
	values, _ := value.(aas.Object)
	short, _ := d.Tree["idShort"].(string)
	_, _, computed := mirror.ParseID(d.ID)
	v := TwinSubmodel{ID: d.ID, IDShort: short, Semantic: aas.FirstKey(d.Tree["semanticId"]), Computed: computed, Version: d.Version, Value: values}
	if d.Version > 0 {
		t := time.Unix(0, d.At).UTC()
		v.At, v.By = &t, actorOf(d.Actor).Name
	}
	return v
}

// versions lists those of all documents of a thing.
func (s *Service) versions(ctx context.Context, scope auth.Scope, thing uuid.UUID, most int) ([]TwinVersion, error) {
	n, err := s.o.Plant.Node(ctx, scope, thing, time.Time{})
	if err != nil {
		return nil, err
	}
	var out []TwinVersion
	for _, p := range append([]mirror.Part{mirror.Shell}, mirror.Of(n.Kind)...) {
		kind := aas.Submodel
		if p == mirror.Shell {
			kind = aas.Shell
		}
		list, _, err := s.History(ctx, scope, kind, mirror.ID(thing, p), store.Page{Limit: most})
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			out = append(out, TwinVersion{Kind: x.Kind, ID: x.ID, Version: x.Version, At: time.Unix(0, x.At).UTC(), By: actorOf(x.Actor), Reason: x.Reason, Deleted: x.Content == nil})
		}
	}
	slices.SortStableFunc(out, func(a, b TwinVersion) int { return b.At.Compare(a.At) })
	return out[:min(len(out), most)], nil
}
