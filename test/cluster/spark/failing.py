"""What goes wrong on an executor: its first word says what, a script that crashes or a copy that is damaged."""
import sys
from pathlib import Path
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("envpack").getOrCreate()


def damage(part):
    with open("env/app/node_modules/ms/index.js", "a") as file:
        file.write("// more\n")
    return part


if sys.argv[1] == "crash":
    words = spark.sparkContext.parallelize(["1d", "2h", "3m", "CRASH"] * 10, 8)
    print("done:", words.pipe("env/bin/envpack run job.mjs", checkCode=True).collect())
else:
    parts = spark.sparkContext.parallelize(range(2), 2)
    print("done:", parts.mapPartitions(damage).pipe("env/bin/envpack verify env", checkCode=True).collect())
