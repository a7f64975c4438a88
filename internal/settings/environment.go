package settings

import (
	"errors"
	"fmt"
	"strings"
)

// Variable is the name of the environment variable of a path: model.half_life is STREAMFIT_MODEL_HALF_LIFE under the prefix STREAMFIT.
func Variable(prefix, path string) string {
	return prefix + "_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// Environment lays the variables of environ ("NAME=value") that begin with the prefix over the layers before. One that names no setting is a Fault.
func (l *Layers) Environment(prefix string, environ []string) error {
	paths, names := map[string]string{}, []string{}
	for _, path := range l.Paths() {
		name := Variable(prefix, path)
		paths[name], names = path, append(names, name)
	}
	var faults []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix+"_") || serviceLink(strings.TrimPrefix(name, prefix+"_")) {
			continue
		}
		if path, ok := paths[name]; ok {
			faults = append(faults, l.Set(path, value, name))
		} else {
			faults = append(faults, &Fault{Origin: name, Err: fmt.Errorf("no setting has this environment variable%s", didYouMean(name, names))})
		}
	}
	return errors.Join(faults...)
}

// serviceLink tells the variables that Kubernetes puts into every pod for a service which happens to be called as the prefix.
func serviceLink(name string) bool {
	return name == "PORT" || strings.HasPrefix(name, "PORT_") || name == "SERVICE_HOST" || strings.HasPrefix(name, "SERVICE_PORT")
}
