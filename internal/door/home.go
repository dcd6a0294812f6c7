package door

import (
	"html/template"
	"net/http"
)

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{{.Title}}</title>
<h1>{{.Title}}</h1>
<p>{{.Description}}</p>
<ul>
<li><a href="/docs">API documentation</a></li>
<li><a href="/ready">Ready?</a></li>
<li><a href="/metrics">Metrics</a></li>
</ul>
</html>
`))

// mountHome serves "/" and nothing below it.
func (d *Door) mountHome() {
	home := d.cfg.Home
	if home == nil {
		home = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = homePage.Execute(w, d.cfg)
		})
	}
	d.router.Get("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("Cache-Control", "no-cache")
		home.ServeHTTP(w, r)
	})
}
