"""A job as Spark's users write one: each partition goes through a script that the packed Node.js runs."""
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("envpack").getOrCreate()
lines = spark.sparkContext.parallelize(["1d", "2h", "3m", "4s"] * 10, 8)
for line in lines.pipe("env/bin/envpack run job.mjs", checkCode=True).collect():
    print("line:", line)
checked = spark.sparkContext.parallelize(range(2), 2).pipe("env/bin/envpack verify env", checkCode=True).collect()
for line in checked:
    print("verify:", line)
spark.stop()
