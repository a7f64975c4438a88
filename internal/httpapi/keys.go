package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/streamfit/streamfit/pipeline"
)

// How many models are on a page: as many as are asked for, up to a bound that keeps the shards from being held up.
const (
	usualLimit   = 100
	largestLimit = 1000
	keysPatience = 5 * time.Second
)

// keys is a page of the models of a model per key: those with an alarm first, then by key. The parameters are prefix (of the key), alarmed=true, limit, and
// after, which the Link header of the page before carries.
func (s Site) keys(w http.ResponseWriter, r *http.Request) {
	query, err := keyQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), keysPatience)
	defer cancel()
	page, err := s.Board.Keys(ctx, query)
	if err != nil {
		http.Error(w, fmt.Sprintf("the models cannot be looked at now: %v", err), http.StatusServiceUnavailable)
		return
	}
	models, lags := []model{}, s.Board.Lags()
	for _, v := range page {
		m := model{Topic: v.Partition.Topic, Partition: v.Partition.ID, Update: v.Update}
		if lag, known := lags[v.Partition]; known && lag >= 0 {
			m.Lag = &lag
		}
		models = append(models, m)
	}
	if len(page) == query.Limit {
		w.Header().Set("Link", fmt.Sprintf("<%s>; rel=\"next\"", nextPage(r.URL, page[len(page)-1])))
	}
	writeJSON(w, models)
}

func keyQuery(v url.Values) (q pipeline.KeyQuery, err error) {
	q = pipeline.KeyQuery{Prefix: v.Get("prefix"), Limit: usualLimit}
	if text := v.Get("alarmed"); text != "" {
		if q.Alarmed, err = strconv.ParseBool(text); err != nil {
			return q, fmt.Errorf("alarmed=%q: want true or false", text)
		}
	}
	if text := v.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > largestLimit {
			return q, fmt.Errorf("limit=%q: want a number between 1 and %d", text, largestLimit)
		}
	}
	if text, given := v.Get("after"), v.Has("after"); given {
		kind, key, ok := strings.Cut(text, ":")
		if !ok || kind != "alarm" && kind != "quiet" {
			return q, fmt.Errorf("after=%q: want what the Link header of the page before has", text)
		}
		q.After = &pipeline.KeyRef{Alarm: kind == "alarm", Key: key}
	}
	return q, nil
}

// nextPage is the address of the page after a model.
func nextPage(here *url.URL, last pipeline.KeyView) string {
	kind := "quiet:"
	if last.Place.Alarm {
		kind = "alarm:"
	}
	v := here.Query()
	v.Set("after", kind+last.Place.Key)
	return here.Path + "?" + v.Encode()
}
