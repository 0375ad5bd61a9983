// Answers what Flux would say of objects: by kstatus, and by the health checks of a Kustomization.
//
// Standard input holds {"kustomization": …, "objects": […]}, standard output gets one answer for each object, in
// their order. The Kustomization is read strictly, so that a field which Flux does not know ends the program.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type question struct {
	Kustomization kustomizev1.Kustomization    `json:"kustomization"`
	Objects       []*unstructured.Unstructured `json:"objects"`
}

type answer struct {
	Kstatus string `json:"kstatus"`
	Message string `json:"message"`
	Checked string `json:"checked"`
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	must(err)
	var asked question
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	must(strict.Decode(&asked))
	answers := make([]answer, 0, len(asked.Objects))
	for _, object := range asked.Objects {
		answers = append(answers, judge(object, asked.Kustomization.Spec.HealthCheckExprs))
	}
	must(json.NewEncoder(os.Stdout).Encode(answers))
}

func judge(object *unstructured.Unstructured, checks []kustomize.CustomHealthCheck) answer {
	computed, err := status.Compute(object)
	must(err)
	said := answer{Kstatus: string(computed.Status), Message: computed.Message}
	for _, check := range checks {
		if check.APIVersion != object.GetAPIVersion() || check.Kind != object.GetKind() {
			continue
		}
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		must(err)
		result, err := evaluator.Evaluate(context.Background(), object)
		must(err)
		said.Checked = string(result.Status)
	}
	return said
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
