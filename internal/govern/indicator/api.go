package indicator

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
)

const tag = api.Tag("indicators")

// ByIndicator names an indicator.
type ByIndicator struct {
	Indicator string `path:"indicator" maxLength:"100"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, tag.Operation(http.MethodGet, "listIndicators", "/indicators", "Definitions of indicators, by id"),
		func(ctx context.Context, _ *struct{}) (*api.List[IndicatorBrief], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			var out []IndicatorBrief
			for _, d := range s.library.Definitions() {
				out = append(out, s.library.brief(d))
			}
			return api.Listed(out, ""), nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getIndicator", "/indicators/{indicator}", "A definition: formula, inputs with their sources, assumptions, who uses it"),
		func(ctx context.Context, in *ByIndicator) (*struct{ Body IndicatorDetail }, error) {
			d, err := s.Definition(ctx, in.Indicator)
			if err != nil {
				return nil, err
			}
			return &struct{ Body IndicatorDetail }{s.library.detail(d)}, nil
		})
	type value struct {
		ByIndicator
		Org      uuid.UUID `query:"org" format:"uuid" required:"true" doc:"An enterprise; of what is computed for a region, the keeper of its registers"`
		Period   string    `query:"period" maxLength:"10" doc:"2018, 2018-Q3, 2018-06, 2018-06-30 as the indicator's period is; the last one that has ended where it is left out"`
		Baseline string    `query:"baseline" maxLength:"10" doc:"Day, for indicators that are a change"`
	}
	op := tag.Operation(http.MethodGet, "getIndicatorValue", "/indicators/{indicator}/value", "An indicator of one organisation now, with what it rests on")
	op.Description = "For the enterprise's own people, and for those of the keeper whose register lists it: what the enterprise has not granted the keeper is missing (no-consent) and is not read."
	api.Register(a, op, func(ctx context.Context, in *value) (*struct{ Body IndicatorValue }, error) {
		v, err := s.Value(ctx, in.Indicator, in.Org, in.Period, in.Baseline)
		if err != nil {
			return nil, err
		}
		return &struct{ Body IndicatorValue }{*valueView(v)}, nil
	})
	s.targetRoutes(a)
}

func (s *Service) targetRoutes(a *api.Server) {
	type board struct {
		Region string `query:"region" maxLength:"6" doc:"GB/T 2260; all without it"`
		On     string `query:"on" maxLength:"10" doc:"Targets as policies set them on this day; today without it"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listTargets", "/targets", "Targets that policies set on a day, each with its clause and what it can be computed from"),
		func(ctx context.Context, in *board) (*api.List[TargetBrief], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			on := in.On
			if on == "" {
				on = s.today()
			} else if _, ok := field.Day(on); !ok {
				return nil, ErrDay.At("query.on", on).With("today", s.today())
			}
			var out []TargetBrief
			for _, t := range s.library.Targets(in.Region, on) {
				out = append(out, s.library.target(t))
			}
			return api.Listed(out, ""), nil
		})
	type progress struct {
		Target string    `path:"target" maxLength:"100"`
		Org    uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Keeper of the register of enterprises"`
		On     string    `query:"on" maxLength:"10" doc:"The last period that had ended by this day is computed; today without it"`
		Past   int       `query:"past" minimum:"0" maximum:"5" doc:"Earlier periods to compute for the trajectory"`
	}
	op := tag.Operation(http.MethodGet, "getTarget", "/targets/{target}", "A target and its value now: every reading, coverage, grade, what is missing, enterprises")
	op.Description = "Computed when it is asked for, out of the registers of the organisation that is named and of what enterprises have granted it. What is not known is missing with its reason, never zero."
	api.Register(a, op, func(ctx context.Context, in *progress) (*struct{ Body TargetProgress }, error) {
		x, err := s.Progress(ctx, in.Target, in.Org, in.On, in.Past)
		if err != nil {
			return nil, err
		}
		return &struct{ Body TargetProgress }{s.library.View(x)}, nil
	})
}
