.PHONY: build test race fuzz lint kafka-test chaos soak long-run bench bench-peers simulate trends bench-keys bench-sensors golden demo ci

build: ## the program, as ./streamfit
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o streamfit ./cmd/streamfit

test: ## all that needs nothing but Go
	go test ./...

race: ## the same with the race detector
	.ci/run race

fuzz: ## every fuzz target for a while: make fuzz FUZZTIME=5m
	FUZZTIME=$(or $(FUZZTIME),1m) FUZZMINIMISE=20x .ci/run fuzz

lint: ## formatting, go vet, staticcheck, golangci-lint
	.ci/run format lint

kafka-test: ## against a real Apache Kafka, run from its jars (Java 17, Maven, Python 3.11)
	.ci/run kafka

chaos: ## processes, brokers and connections die on a schedule: make chaos SEEDS=1-10 (about six minutes each)
	KAFKATEST=real KAFKATEST_REQUIRED=1 CHAOS_SEEDS=$(or $(SEEDS),1-10) CHAOS_STEPS=$(or $(STEPS),170) \
		go test ./internal/chaos -run Chaos -count=1 -v -timeout 3h

long-run: ## what takes long: 10⁹ rows of newton, coverage and leverage tables with all their replications
	LONG=1 go test -timeout 3h -v -run 'LongRun|IntervalsCover|SequencesCover|GuardLearns' ./estimator
soak: ## long under load, on a real Kafka: make soak DURATION=30m
	KAFKATEST=real KAFKATEST_REQUIRED=1 SOAK_DURATION=$(or $(DURATION),30m) SOAK_SEED=$(or $(SEED),1) go test ./internal/soak -count=1 -v -timeout 5h

bench:
	go test -run '^$$' -bench . -benchmem ./loss/... ./estimator/... ./pipeline/...

bench-peers: ## beside scikit-learn and River, in turns, into docs/measured (about a minute)
	python3 -m venv internal/peers/.venv && internal/peers/.venv/bin/pip install -q -r internal/peers/requirements.txt
	go build -o internal/peers/.venv/bin/learn ./internal/peers/learn
	internal/peers/.venv/bin/python internal/peers/peers.py internal/peers/.venv/bin/learn >docs/measured/peers.md

simulate: ## the long form of the simulations, into docs/measured (about ten minutes)
	go run ./internal/simulation/simulate >docs/measured/simulation.md

trends: ## levels of sensors and River's WaterFlow, into docs/measured (RIVER: the folder river/datasets of the Python package river 0.26.1)
	go run ./internal/trendstudy $(if $(RIVER),-waterflow $(RIVER)/water-flow.csv) >docs/measured/trend.md

bench-keys: ## a model for each of 1,000,000 keys over Kafka: the table of docs/measured/keys.md (about twelve minutes)
	go run ./internal/benchkeys

bench-sensors: ## trends of 10,000 simulated sensors over Kafka: the table of docs/measured/sensors.md (a minute)
	go run ./internal/benchkeys -sensors -keys 10000 -rows 1000

golden: ## the reference values anew, with the libraries that golden/ names
	python3 -m venv golden/.venv && golden/.venv/bin/pip install -q -r golden/requirements.txt
	for script in sgd replay rlm trend; do golden/.venv/bin/python golden/$$script.py || exit 1; done

demo:
	go run ./cmd/streamfit demo

ci: ## all that the checks on a submission run
	.ci/run
