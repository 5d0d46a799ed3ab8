// Prints, as JSON, facts about the Go types of the Kubernetes API that its OpenAPI leaves out:
// which fields are pointers, which are written even when empty, their protobuf numbers, and the type names that
// decoding errors show.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type field struct {
	Pointer bool   `json:"pointer,omitempty"`
	Always  bool   `json:"always,omitempty"`
	Go      string `json:"go"`
	Number  string `json:"number,omitempty"`
}

var seen = map[string]map[string]field{}

func name(t reflect.Type) string {
	parts := strings.SplitN(t.PkgPath(), "/", 2)
	if len(parts) != 2 {
		return t.Name()
	}
	return "io.k8s." + strings.ReplaceAll(parts[1], "/", ".") + "." + t.Name()
}

func wire(f reflect.StructField) string {
	parts := strings.Split(f.Tag.Get("protobuf"), ",")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// An embedded struct is a message of its own in protobuf: its fields' numbers are written behind the embedding one's.
func fields(t reflect.Type, into map[string]field, outer string, wired bool) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag, inline := f.Tag.Get("json"), f.Anonymous
		parts := strings.Split(tag, ",")
		if parts[0] == "-" || f.PkgPath != "" {
			continue
		}
		if inline && parts[0] == "" {
			fields(f.Type, into, outer+wire(f)+".", wired && wire(f) != "")
			continue
		}
		omit := strings.Contains(tag, "omitempty") && f.Type.Kind() != reflect.Struct || strings.Contains(tag, "omitzero")
		number := ""
		if wired && wire(f) != "" {
			number = outer + wire(f)
		}
		into[parts[0]] = field{Number: number, Pointer: f.Type.Kind() == reflect.Ptr, Always: !omit, Go: strings.TrimPrefix(f.Type.String(), "*")}
		visit(f.Type)
	}
}

func visit(t reflect.Type) {
	for t.Kind() == reflect.Ptr || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[name(t)] != nil || !strings.HasPrefix(t.PkgPath(), "k8s.io/") || t.Name() == "Quantity" {
		return
	}
	into := map[string]field{}
	seen[name(t)] = into
	fields(t, into, "", true)
}

func main() {
	known := scheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{apiextensions.AddToScheme, apiregistration.AddToScheme} {
		if err := add(known); err != nil {
			panic(err)
		}
	}
	for _, t := range known.AllKnownTypes() {
		visit(t)
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		panic(err)
	}
}
